-- compatible-with: 2
-- What is applied, refunded, referred to and reversed; and which application is between which two documents.

ALTER TABLE documents ADD COLUMN due_date TEXT; -- yyyy-mm-dd
ALTER TABLE documents ADD COLUMN tax_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN applied_minor INTEGER NOT NULL DEFAULT 0 CHECK (applied_minor >= 0);
ALTER TABLE documents ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0
    CHECK (refunded_minor >= 0 AND applied_minor + refunded_minor <= amount_minor);
ALTER TABLE documents ADD COLUMN referred_id TEXT REFERENCES documents (id);
ALTER TABLE documents ADD COLUMN applies_on_posting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN is_reversed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_referring ON documents (referred_id) WHERE referred_id IS NOT NULL;
-- What an account still owes or may still use.
CREATE INDEX documents_open ON documents (account_id, kind)
    WHERE status IN ('posted', 'processed') AND amount_minor - applied_minor - refunded_minor <> 0;

CREATE TABLE applications (
    id TEXT PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    source_id TEXT NOT NULL REFERENCES documents (id),
    target_id TEXT NOT NULL REFERENCES documents (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    UNIQUE (source_id, target_id)
) STRICT;
CREATE INDEX applications_to ON applications (target_id);
