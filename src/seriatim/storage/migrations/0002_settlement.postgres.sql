-- compatible-with: 2
-- What is applied, refunded, referred to and reversed; and which application is between which two documents.

ALTER TABLE documents
    ADD COLUMN due_date text COLLATE "C", -- yyyy-mm-dd
    ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN applied_minor bigint NOT NULL DEFAULT 0 CHECK (applied_minor >= 0),
    ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    ADD COLUMN referred_id text COLLATE "C",
    ADD COLUMN applies_on_posting boolean NOT NULL DEFAULT false,
    ADD COLUMN is_reversed boolean NOT NULL DEFAULT false,
    ADD CHECK (applied_minor + refunded_minor <= amount_minor);
-- What is referred to is locked by who refers to it, and by who deletes it.
CREATE OR REPLACE FUNCTION check_what_documents_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT entity_id, org_id, account_id, series_id, sequence_set_id FROM written) w
        LEFT JOIN entities e ON e.id = w.entity_id
        LEFT JOIN orgs o ON o.id = w.org_id
        LEFT JOIN accounts a ON a.id = w.account_id
        LEFT JOIN series s ON s.id = w.series_id
        LEFT JOIN sequence_sets q ON q.id = w.sequence_set_id
        WHERE e.id IS NULL OR a.id IS NULL OR q.id IS NULL
            OR (w.org_id IS NOT NULL AND o.id IS NULL)
            OR (w.series_id IS NOT NULL AND s.id IS NULL)
    ) OR EXISTS (
        SELECT FROM written w WHERE w.referred_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM documents d WHERE d.id = w.referred_id)
    ) THEN
        RAISE EXCEPTION USING
            MESSAGE = 'a document names an entity, org, account, series, set or document that does not exist',
            ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION check_what_referred_to_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone g JOIN documents d ON d.referred_id = g.id) THEN
        RAISE EXCEPTION USING
            MESSAGE = 'a document that others refer to is not deleted', ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER documents_gone AFTER DELETE ON documents REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION check_what_referred_to_documents();
CREATE INDEX documents_referring ON documents (referred_id) WHERE referred_id IS NOT NULL;
-- What an account still owes or may still use.
CREATE INDEX documents_open ON documents (account_id, kind)
    WHERE status IN ('posted', 'processed') AND amount_minor - applied_minor - refunded_minor <> 0;

CREATE TABLE applications (
    id text COLLATE "C" PRIMARY KEY,
    entity_id text COLLATE "C" NOT NULL REFERENCES entities (id),
    source_id text COLLATE "C" NOT NULL REFERENCES documents (id),
    target_id text COLLATE "C" NOT NULL REFERENCES documents (id),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    created_at bigint NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    updated_at bigint NOT NULL,
    updated_by text COLLATE "C" NOT NULL,
    UNIQUE (source_id, target_id)
);
CREATE INDEX applications_to ON applications (target_id);
