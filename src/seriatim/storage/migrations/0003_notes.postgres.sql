-- compatible-with: 3
-- What documents say besides their lines, accounts as customers, sellers, and mail that goes out.

ALTER TABLE documents
    ADD COLUMN particulars text, -- JSON object
    ADD COLUMN sent_at bigint,
    ADD COLUMN sent_by text COLLATE "C",
    ADD COLUMN balance_changes bigint NOT NULL DEFAULT 0,
    ADD COLUMN is_uncollectible boolean NOT NULL DEFAULT false;
-- Ids are in the order of time, so this is the order of creation.
CREATE INDEX documents_by_age ON documents (entity_id, kind, id);

ALTER TABLE accounts
    ADD COLUMN profile text, -- JSON object
    ADD COLUMN archived_at bigint;
CREATE INDEX accounts_by_age ON accounts (entity_id, id);

CREATE TABLE aliases (
    id text COLLATE "C" PRIMARY KEY,
    entity_id text COLLATE "C" NOT NULL REFERENCES entities (id),
    account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
    value text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (entity_id, value)
);
CREATE INDEX aliases_of_account ON aliases (account_id);

CREATE TABLE merchants (
    entity_id text COLLATE "C" PRIMARY KEY REFERENCES entities (id),
    details text NOT NULL, -- JSON object
    currency text COLLATE "C" NOT NULL,
    payment_term_days bigint NOT NULL,
    updated_at bigint NOT NULL,
    updated_by text COLLATE "C" NOT NULL
);

CREATE TABLE mails (
    id text COLLATE "C" PRIMARY KEY,
    entity_id text COLLATE "C" NOT NULL REFERENCES entities (id),
    document_id text COLLATE "C" NOT NULL REFERENCES documents (id),
    recipients text NOT NULL, -- JSON list
    copies text NOT NULL, -- JSON list
    status text COLLATE "C" NOT NULL CHECK (status IN ('waiting', 'delivering', 'sent', 'failed')),
    attempts bigint NOT NULL,
    due_at bigint NOT NULL,
    last_error text,
    created_at bigint NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    sent_at bigint
);
CREATE INDEX mails_due ON mails (status, due_at) WHERE status IN ('waiting', 'delivering');
CREATE INDEX mails_of_document ON mails (document_id);

-- The dated version of Sequence's API that a client without the header gets; NULL: the newest.
ALTER TABLE clients ADD COLUMN api_version text COLLATE "C";
