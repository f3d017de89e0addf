-- compatible-with: 1
-- Times are microseconds since 1970-01-01 UTC, amounts minor units of the row's currency.

CREATE TABLE entities (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    number_on TEXT NOT NULL CHECK (number_on IN ('posting', 'creation')),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE orgs (
    id TEXT PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (entity_id, name)
) STRICT;

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'issuer', 'auditor')),
    secret_digest TEXT NOT NULL,
    entity_ids TEXT, -- JSON list; NULL means all
    org_ids TEXT, -- JSON list; NULL means all
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- One row that grows with every change to clients, entities and orgs, so that servers notice cheaply.
CREATE TABLE directory (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO directory (id, version) VALUES (1, 1);
CREATE TRIGGER clients_inserted AFTER INSERT ON clients BEGIN UPDATE directory SET version = version + 1; END;
CREATE TRIGGER clients_updated AFTER UPDATE ON clients BEGIN UPDATE directory SET version = version + 1; END;
CREATE TRIGGER entities_inserted AFTER INSERT ON entities BEGIN UPDATE directory SET version = version + 1; END;
CREATE TRIGGER entities_updated AFTER UPDATE ON entities BEGIN UPDATE directory SET version = version + 1; END;
CREATE TRIGGER orgs_inserted AFTER INSERT ON orgs BEGIN UPDATE directory SET version = version + 1; END;
CREATE TRIGGER orgs_updated AFTER UPDATE ON orgs BEGIN UPDATE directory SET version = version + 1; END;

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE sequence_sets (
    id TEXT PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX sequence_sets_live_number ON sequence_sets (entity_id, number) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX sequence_sets_live_name ON sequence_sets (entity_id, name) WHERE deleted_at IS NULL;

CREATE TABLE sequence_set_numberings (
    sequence_set_id TEXT NOT NULL REFERENCES sequence_sets (id),
    kind TEXT NOT NULL,
    prefix TEXT NOT NULL,
    start_number INTEGER NOT NULL CHECK (start_number >= 1),
    PRIMARY KEY (sequence_set_id, kind)
) STRICT, WITHOUT ROWID;

-- A prefix belongs to one kind of its entity for good, hence no kind in the unique key.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_memo', 'debit_memo', 'payment', 'refund')),
    prefix TEXT NOT NULL,
    first_ordinal INTEGER NOT NULL,
    next_ordinal INTEGER NOT NULL CHECK (next_ordinal >= first_ordinal),
    UNIQUE (entity_id, prefix)
) STRICT;
CREATE TRIGGER series_stay BEFORE DELETE ON series BEGIN
    SELECT RAISE (ABORT, 'a series is never deleted');
END;
CREATE TRIGGER series_advance BEFORE UPDATE ON series
WHEN new.next_ordinal < old.next_ordinal OR new.prefix <> old.prefix OR new.first_ordinal <> old.first_ordinal BEGIN
    SELECT RAISE (ABORT, 'a series only advances');
END;

CREATE TABLE counters (
    entity_id TEXT NOT NULL REFERENCES entities (id),
    name TEXT NOT NULL,
    next_value INTEGER NOT NULL,
    PRIMARY KEY (entity_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    org_id TEXT REFERENCES orgs (id),
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    sequence_set_id TEXT REFERENCES sequence_sets (id),
    contacts TEXT NOT NULL, -- JSON object
    fields TEXT NOT NULL, -- JSON object
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    UNIQUE (entity_id, number)
) STRICT;
CREATE INDEX accounts_of_set ON accounts (sequence_set_id);

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    entity_id TEXT NOT NULL REFERENCES entities (id),
    org_id TEXT REFERENCES orgs (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    number TEXT NOT NULL,
    series_id INTEGER REFERENCES series (id),
    ordinal INTEGER,
    number_given INTEGER NOT NULL,
    sequence_set_id TEXT NOT NULL REFERENCES sequence_sets (id),
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    document_date TEXT NOT NULL, -- yyyy-mm-dd
    amount_minor INTEGER NOT NULL,
    items TEXT NOT NULL, -- JSON list
    fields TEXT NOT NULL, -- JSON object
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    posted_at INTEGER,
    posted_by TEXT,
    canceled_at INTEGER,
    canceled_by TEXT,
    UNIQUE (entity_id, number),
    CHECK ((series_id IS NULL) = (ordinal IS NULL))
) STRICT;
CREATE INDEX documents_of_kind ON documents (entity_id, kind, number);
CREATE INDEX documents_of_account ON documents (account_id, kind, number);
CREATE INDEX documents_given_number ON documents (entity_id, number) WHERE number_given = 1;
CREATE TRIGGER documents_stay BEFORE DELETE ON documents WHEN old.ordinal IS NOT NULL BEGIN
    SELECT RAISE (ABORT, 'an issued document is never deleted');
END;
CREATE TRIGGER documents_keep_number BEFORE UPDATE ON documents
WHEN old.ordinal IS NOT NULL
    AND (new.ordinal IS NOT old.ordinal OR new.series_id IS NOT old.series_id OR new.number <> old.number) BEGIN
    SELECT RAISE (ABORT, 'an issued number never changes');
END;

-- Append-only. The last three columns are for the hash chain.
CREATE TABLE register (
    position INTEGER PRIMARY KEY,
    event TEXT NOT NULL CHECK (event IN ('issue', 'skip')),
    series_id INTEGER NOT NULL REFERENCES series (id),
    first_ordinal INTEGER NOT NULL,
    last_ordinal INTEGER NOT NULL CHECK (last_ordinal >= first_ordinal),
    document_id TEXT, -- NULL for a skip
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    content_digest BLOB,
    previous_hash BLOB,
    entry_hash BLOB,
    UNIQUE (series_id, first_ordinal),
    CHECK ((document_id IS NULL) = (event = 'skip'))
) STRICT;
CREATE TRIGGER register_not_changed BEFORE UPDATE ON register BEGIN
    SELECT RAISE (ABORT, 'the register is append-only');
END;
CREATE TRIGGER register_not_deleted BEFORE DELETE ON register BEGIN
    SELECT RAISE (ABORT, 'the register is append-only');
END;

-- Answers kept with idempotency keys.
CREATE TABLE answers (
    client_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (recorded_at);
