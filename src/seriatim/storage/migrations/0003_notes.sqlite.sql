-- compatible-with: 3
-- What documents say besides their lines, accounts as customers, sellers, and mail that goes out.

ALTER TABLE documents ADD COLUMN particulars TEXT; -- JSON object
ALTER TABLE documents ADD COLUMN sent_at INTEGER;
ALTER TABLE documents ADD COLUMN sent_by TEXT;
ALTER TABLE documents ADD COLUMN balance_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN is_uncollectible INTEGER NOT NULL DEFAULT 0;
-- Ids are in the order of time, so this is the order of creation.
CREATE INDEX documents_by_age ON documents (entity_id, kind, id);

ALTER TABLE accounts ADD COLUMN profile TEXT; -- JSON object
ALTER TABLE accounts ADD COLUMN archived_at INTEGER;
CREATE INDEX accounts_by_age ON accounts (entity_id, id);

CREATE TABLE aliases (
    id TEXT PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (entity_id, value)
) STRICT;
CREATE INDEX aliases_of_account ON aliases (account_id);

CREATE TABLE merchants (
    entity_id TEXT PRIMARY KEY REFERENCES entities (id),
    details TEXT NOT NULL, -- JSON object
    currency TEXT NOT NULL,
    payment_term_days INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

CREATE TABLE mails (
    id TEXT PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    document_id TEXT NOT NULL REFERENCES documents (id),
    recipients TEXT NOT NULL, -- JSON list
    copies TEXT NOT NULL, -- JSON list
    status TEXT NOT NULL CHECK (status IN ('waiting', 'delivering', 'sent', 'failed')),
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    sent_at INTEGER
) STRICT;
CREATE INDEX mails_due ON mails (status, due_at) WHERE status IN ('waiting', 'delivering');
CREATE INDEX mails_of_document ON mails (document_id);

-- The dated version of Sequence's API that a client without the header gets; NULL: the newest.
ALTER TABLE clients ADD COLUMN api_version TEXT;
