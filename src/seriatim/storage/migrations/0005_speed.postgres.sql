-- compatible-with: 4
-- Versions of what documents are decided by: a process keeps what it has read, and the statement that writes says of
-- which versions that was. They grow by triggers, so those of a process of the release before, or of a hand, count too.

ALTER TABLE entities ADD COLUMN version bigint NOT NULL DEFAULT 1; -- of itself, its sets and which series there are
ALTER TABLE accounts ADD COLUMN version bigint NOT NULL DEFAULT 1;

CREATE FUNCTION grow_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.version := old.version + 1;
    RETURN new;
END $$;
CREATE TRIGGER entities_version BEFORE UPDATE ON entities FOR EACH ROW EXECUTE FUNCTION grow_version();
CREATE TRIGGER accounts_version BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION grow_version();

CREATE FUNCTION grow_version_of_entity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE entities SET version = version WHERE id = CASE TG_OP WHEN 'DELETE' THEN old.entity_id ELSE new.entity_id END;
    RETURN NULL;
END $$;
CREATE TRIGGER sequence_sets_version AFTER INSERT OR UPDATE ON sequence_sets
    FOR EACH ROW EXECUTE FUNCTION grow_version_of_entity();
CREATE TRIGGER series_version AFTER INSERT ON series
    FOR EACH ROW EXECUTE FUNCTION grow_version_of_entity();
CREATE TRIGGER accounts_gone_version AFTER DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION grow_version_of_entity();

CREATE FUNCTION grow_version_of_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE entities SET version = version WHERE id = (
        SELECT entity_id FROM sequence_sets
        WHERE id = CASE TG_OP WHEN 'DELETE' THEN old.sequence_set_id ELSE new.sequence_set_id END);
    RETURN NULL;
END $$;
CREATE TRIGGER sequence_set_numberings_version AFTER INSERT OR UPDATE OR DELETE ON sequence_set_numberings
    FOR EACH ROW EXECUTE FUNCTION grow_version_of_numbered();

-- The directory does not hold versions.
DROP TRIGGER entities_changed ON entities;
CREATE TRIGGER entities_changed AFTER INSERT OR UPDATE OF name, number_on ON entities
    FOR EACH ROW EXECUTE FUNCTION note_directory_change();

-- For a statement that is its own transaction: what fails in it takes all of it back.
CREATE FUNCTION refuse_write(reason text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = reason, ERRCODE = 'integrity_constraint_violation';
END $$;
