-- compatible-with: 3
-- People of the console, and the log of what was changed.

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE, -- the name without regard to the case of its letters
    role TEXT NOT NULL CHECK (role IN ('admin', 'issuer', 'auditor')),
    password_digest TEXT NOT NULL,
    entity_ids TEXT, -- JSON list; NULL means all
    org_ids TEXT, -- JSON list; NULL means all
    locale TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE invitations (
    digest TEXT PRIMARY KEY,
    name TEXT,
    role TEXT NOT NULL CHECK (role IN ('admin', 'issuer', 'auditor')),
    entity_ids TEXT, -- JSON list; NULL means all
    org_ids TEXT, -- JSON list; NULL means all
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    digest TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE sign_in_delays (
    key TEXT PRIMARY KEY, -- a digest of the name that was tried
    failures INTEGER NOT NULL,
    failed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When a client was last heard of, to the minute. Not in `clients`: that would have every server read them all anew.
CREATE TABLE client_uses (
    client_id TEXT PRIMARY KEY REFERENCES clients (id),
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only. The issue of a number is told by the register.
CREATE TABLE activities (
    position INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    entity_id TEXT,
    org_id TEXT,
    actor_id TEXT NOT NULL,
    deed TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    subject_name TEXT NOT NULL,
    change TEXT NOT NULL CHECK (change IN ('created', 'changed', 'deleted')),
    details TEXT NOT NULL -- JSON object: fact to [before, after]
) STRICT;
CREATE INDEX activities_of_entity ON activities (entity_id, position);
CREATE INDEX activities_of_kind ON activities (entity_id, subject_kind, position);
CREATE INDEX activities_of_subject ON activities (subject_id, position);
CREATE INDEX activities_of_actor ON activities (actor_id, position);
CREATE TRIGGER activities_not_changed BEFORE UPDATE ON activities BEGIN
    SELECT RAISE (ABORT, 'the activity log is append-only');
END;
CREATE TRIGGER activities_not_deleted BEFORE DELETE ON activities BEGIN
    SELECT RAISE (ABORT, 'the activity log is append-only');
END;

-- What is rare among many documents, and what is rare in the register, found without reading the rest.
CREATE INDEX documents_unissued ON documents (entity_id, kind, status, id) WHERE status IN ('draft', 'canceled');
CREATE INDEX register_skips ON register (series_id, first_ordinal) WHERE event = 'skip';

-- Outgoing mail page by page, newest first.
CREATE INDEX mails_of_entity ON mails (entity_id, created_at, id);
CREATE INDEX mails_of_status ON mails (entity_id, status, created_at, id);

-- Accounts of a set page by page.
DROP INDEX accounts_of_set;
CREATE INDEX accounts_of_set ON accounts (sequence_set_id, id);

-- Accounts by a part of their name: read from the index alone, without the rows.
DROP INDEX accounts_by_age;
CREATE INDEX accounts_by_age ON accounts (entity_id, id, name);
