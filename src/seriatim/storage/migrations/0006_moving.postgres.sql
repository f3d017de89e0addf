-- compatible-with: 5
-- What the statement that writes new documents begins with: it locks and checks all that they were decided by, and
-- advances the series from where they stand, whoever has advanced them meanwhile. It gives a row for each series: how
-- far that stood from where the decision took it (shift), how much later than the decision one of them was advanced
-- last (delay, in microseconds), and whether they may be advanced like that, which they then are. It gives no row where
-- an entity, an account or an answer is not as the decision knew it.
--
-- Each query in here sees what was committed before it began. So accounts are looked at as they are once nobody else
-- can take a number of the series. All processes lock in this order: entities, then series, each by their ids.
CREATE FUNCTION advance_series(
    entity_ids text[], entity_versions bigint[], account_ids text[], account_versions bigint[],
    answer_clients text[], answer_keys text[],
    series_ids bigint[], first_ordinals bigint[], last_ordinals bigint[], decided_at bigint, moves boolean
) RETURNS TABLE (id bigint, shift bigint, delay bigint, is_possible boolean) LANGUAGE plpgsql AS $$
DECLARE
    locked bigint;
    stood record;
    shifts bigint[] := '{}';
    latest_at bigint := decided_at;
    longest_ordinal bigint := 0;
BEGIN
    PERFORM FROM unnest(entity_ids, entity_versions) AS known (id, version)
        JOIN entities e ON e.id = known.id AND e.version = known.version ORDER BY e.id FOR KEY SHARE OF e;
    GET DIAGNOSTICS locked = ROW_COUNT;
    IF locked < cardinality(entity_ids) THEN
        RETURN;
    END IF;
    FOR stood IN
        SELECT s.next_ordinal - known.first_ordinal AS shift, known.last_ordinal, s.recorded_at
        FROM unnest(series_ids, first_ordinals, last_ordinals) AS known (id, first_ordinal, last_ordinal)
        JOIN series s ON s.id = known.id ORDER BY s.id FOR NO KEY UPDATE OF s
    LOOP
        shifts := shifts || stood.shift;
        latest_at := greatest(latest_at, stood.recorded_at);
        longest_ordinal := greatest(longest_ordinal, stood.last_ordinal + stood.shift);
    END LOOP;
    -- Numbers stay padded to the same length, and the date stays the same.
    is_possible := CASE WHEN moves
        THEN longest_ordinal < 100000000 AND latest_at / 86400000000 = decided_at / 86400000000
        ELSE 0 = ALL (shifts) AND latest_at = decided_at END;
    IF is_possible THEN
        IF cardinality(account_ids) > (
            SELECT count(*) FROM unnest(account_ids, account_versions) AS known (id, version)
            JOIN accounts a ON a.id = known.id AND a.version = known.version
        ) OR cardinality(answer_keys) > 0 AND EXISTS (
            SELECT FROM unnest(answer_clients, answer_keys) AS known (client_id, key)
            JOIN answers a ON a.client_id = known.client_id AND a.key = known.key
        ) THEN
            RETURN;
        END IF;
        UPDATE series s SET next_ordinal = known.last_ordinal + known.shift + 1, recorded_at = latest_at
        FROM unnest(series_ids, last_ordinals, shifts) AS known (id, last_ordinal, shift) WHERE s.id = known.id;
    END IF;
    RETURN QUERY SELECT known.id, known.shift, latest_at - decided_at, is_possible
        FROM unnest(series_ids, shifts) AS known (id, shift);
END $$;
