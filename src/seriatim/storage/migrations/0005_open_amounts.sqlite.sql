-- compatible-with: 3
-- What an account still owes and may still use, as sums. An index of what is open had each document at a place of its
-- own: two of five pages that a batch wrote were of that index.

CREATE TABLE open_amounts (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    open_minor INTEGER NOT NULL,
    PRIMARY KEY (account_id, kind, currency)
) STRICT, WITHOUT ROWID;

-- Added up one by one, which needs no memory, however many there are.
INSERT INTO open_amounts (account_id, kind, currency, open_minor)
SELECT account_id, kind, currency, amount_minor - applied_minor - refunded_minor FROM documents
WHERE status IN ('posted', 'processed')
ON CONFLICT (account_id, kind, currency) DO UPDATE SET open_minor = open_minor + excluded.open_minor;

-- Whoever writes to documents, the sums follow.
CREATE TRIGGER documents_opened AFTER INSERT ON documents WHEN new.status IN ('posted', 'processed') BEGIN
    INSERT INTO open_amounts (account_id, kind, currency, open_minor)
    VALUES (new.account_id, new.kind, new.currency, new.amount_minor - new.applied_minor - new.refunded_minor)
    ON CONFLICT (account_id, kind, currency) DO UPDATE SET open_minor = open_minor + excluded.open_minor;
END;
CREATE TRIGGER documents_reopened AFTER UPDATE ON documents WHEN new.status IN ('posted', 'processed') BEGIN
    INSERT INTO open_amounts (account_id, kind, currency, open_minor)
    VALUES (new.account_id, new.kind, new.currency, new.amount_minor - new.applied_minor - new.refunded_minor)
    ON CONFLICT (account_id, kind, currency) DO UPDATE SET open_minor = open_minor + excluded.open_minor;
END;
CREATE TRIGGER documents_changed AFTER UPDATE ON documents WHEN old.status IN ('posted', 'processed') BEGIN
    UPDATE open_amounts SET open_minor = open_minor - (old.amount_minor - old.applied_minor - old.refunded_minor)
    WHERE account_id = old.account_id AND kind = old.kind AND currency = old.currency;
END;
CREATE TRIGGER documents_gone AFTER DELETE ON documents WHEN old.status IN ('posted', 'processed') BEGIN
    UPDATE open_amounts SET open_minor = open_minor - (old.amount_minor - old.applied_minor - old.refunded_minor)
    WHERE account_id = old.account_id AND kind = old.kind AND currency = old.currency;
END;
DROP INDEX documents_open;
