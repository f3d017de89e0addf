-- compatible-with: 5
-- For the statement that writes new documents where their series stand, and so that it costs less.

-- Every write begins with a row of this table, so nobody is in the middle of one while the other tables are held.
LOCK TABLE entities IN EXCLUSIVE MODE;

-- Whether accounts are of the versions that a decision knew. A query in a function sees what was committed before the
-- query began; the statement around it sees what was when it began itself, before it waited for its locks.
CREATE FUNCTION accounts_are(ids text[], versions bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN cardinality(ids) = (
        SELECT count(*) FROM unnest(ids, versions) AS known (id, version)
        JOIN accounts a ON a.id = known.id AND a.version = known.version);
END $$;

-- PostgreSQL reads, plans and sets up each check anew for every statement, 5 us each: so one for each table.
ALTER TABLE documents
    DROP CONSTRAINT documents_check,
    DROP CONSTRAINT documents_check1,
    DROP CONSTRAINT documents_applied_minor_check,
    DROP CONSTRAINT documents_refunded_minor_check,
    ADD CONSTRAINT documents_check CHECK (
        (series_id IS NULL) = (ordinal IS NULL)
        AND applied_minor >= 0 AND refunded_minor >= 0 AND applied_minor + refunded_minor <= amount_minor
    );
ALTER TABLE register
    DROP CONSTRAINT register_check,
    DROP CONSTRAINT register_check1,
    DROP CONSTRAINT register_event_check,
    ADD CONSTRAINT register_check CHECK (
        last_ordinal >= first_ordinal AND event = CASE WHEN document_id IS NULL THEN 'skip' ELSE 'issue' END
    );
-- Of a series only its place changes: so what it is is checked when it begins, and its place each time.
ALTER TABLE series DROP CONSTRAINT series_check, DROP CONSTRAINT series_kind_check;
CREATE TRIGGER series_begin BEFORE INSERT ON series FOR EACH ROW
    WHEN (
        new.next_ordinal < new.first_ordinal
        OR new.kind NOT IN ('invoice', 'credit_memo', 'debit_memo', 'payment', 'refund')
    )
    EXECUTE FUNCTION refuse_change('a series is of a known kind, and begins at its first ordinal or later');
CREATE TRIGGER series_keep BEFORE UPDATE OF entity_id, kind, prefix, first_ordinal ON series FOR EACH ROW
    WHEN (
        new.entity_id <> old.entity_id OR new.kind <> old.kind
        OR new.prefix <> old.prefix OR new.first_ordinal <> old.first_ordinal
    )
    EXECUTE FUNCTION refuse_change('a series only advances');
DROP TRIGGER series_advance ON series;
CREATE TRIGGER series_advance BEFORE UPDATE OF next_ordinal ON series FOR EACH ROW
    WHEN (new.next_ordinal < old.next_ordinal)
    EXECUTE FUNCTION refuse_change('a series only advances');

-- What an account names exists, by its foreign keys. So most documents are known to name what exists by their account,
-- their series and their set; what is otherwise is looked at one by one.
CREATE OR REPLACE FUNCTION check_what_documents_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM (
            SELECT DISTINCT entity_id, org_id, account_id, series_id, sequence_set_id, referred_id IS NOT NULL AS refers
            FROM written
        ) w
        LEFT JOIN accounts a ON a.id = w.account_id
        LEFT JOIN series s ON s.id = w.series_id
        LEFT JOIN sequence_sets q ON q.id = w.sequence_set_id
        WHERE a.entity_id IS DISTINCT FROM w.entity_id OR a.org_id IS DISTINCT FROM w.org_id
            OR q.id IS NULL OR w.refers OR (w.series_id IS NOT NULL AND s.id IS NULL);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
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
