-- Deploy sffdw:functions/hold_deletes to pg
-- requires: functions/judge_stage
-- requires: functions/sync_setting
-- requires: tables/gone_record
-- requires: tables/held_change

BEGIN;

CREATE FUNCTION sffdw.delete_threshold(connection sffdw.connection, mapping sffdw.mapping, wanted_count bigint)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_percent CONSTANT integer := sffdw.sync_setting(connection.options, 'delete_threshold_percent');
    v_rows    CONSTANT integer := sffdw.sync_setting(connection.options, 'delete_threshold_rows');
    v_all     bigint;
BEGIN
    -- Rows are counted only up to where the wanted ones are few among them.
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s t WHERE t.sfid IS NOT NULL LIMIT $1) counted',
                   sffdw.mapped_table(connection, mapping))
    INTO v_all
    USING greatest(wanted_count * 100 / v_percent, v_rows * 2) + 1;
    RETURN greatest(4, v_all * v_percent / 100, least(v_rows, v_all * 3 / 4));
END
$function$;

COMMENT ON FUNCTION sffdw.delete_threshold(sffdw.connection, sffdw.mapping, bigint) IS
    'Return how many rows of a table may go in one poll without a person being asked: delete_threshold_percent of them, '
    'or delete_threshold_rows if that is more; of a small table three quarters, or 4 rows. Exact if it is less than '
    'the wanted number.';

CREATE FUNCTION sffdw.has_hold(mapping_id integer, direction text, action text)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.held_change h
        WHERE h.mapping_id = has_hold.mapping_id
        AND h.direction = has_hold.direction
        AND h.action = has_hold.action
    );
$function$;

COMMENT ON FUNCTION sffdw.has_hold(integer, text, text) IS
    'Whether changes of a mapping in that direction and of that kind wait for a person.';

CREATE FUNCTION sffdw.add_gone(mapping_id integer, ids text[], found_by text, confirmed_at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO sffdw.gone_record AS g (mapping_id, sfid, found_by, confirmed_at)
    SELECT add_gone.mapping_id, i, add_gone.found_by, add_gone.confirmed_at
    FROM unnest(ids) i
    ON CONFLICT ON CONSTRAINT gone_record_pkey DO UPDATE
    SET confirmed_at = coalesce(excluded.confirmed_at, g.confirmed_at)
    WHERE g.kept_until IS NULL;
$function$;

COMMENT ON FUNCTION sffdw.add_gone(integer, text[], text, timestamptz) IS
    'Note records that seem to be gone from Salesforce; confirmed_at: when it said so itself.';

CREATE FUNCTION sffdw.hold_back_deletes(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    deletes    text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    IF deletes = 'now' THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        UPDATE %s s
        SET _verdict = 'kept'
        FROM sffdw.gone_record g
        WHERE g.mapping_id = $1
        AND g.sfid = s.sfid COLLATE "C"
        AND g.kept_until > clock_timestamp()
        AND s._verdict = 'delete'
        AND NOT s._leaves
    $query$, stage)
    USING mapping.mapping_id;
    -- What leaves the row filter is there: it was read.
    EXECUTE format('SELECT count(*) FROM %s WHERE _verdict = ''delete'' AND NOT _leaves', stage) INTO v_count;
    IF v_count = 0
    OR deletes = 'judge'
    AND NOT sffdw.has_hold(mapping.mapping_id, 'in', 'DELETE')
    AND NOT EXISTS (
        SELECT
        FROM sffdw.gone_record g
        WHERE g.mapping_id = mapping.mapping_id
        AND g.kept_until IS NULL
    )
    AND v_count <= sffdw.delete_threshold(connection, mapping, v_count) THEN
        RETURN;
    END IF;
    EXECUTE format('UPDATE %s SET _verdict = ''aside'' WHERE _verdict = ''delete'' AND NOT _leaves', stage);
END
$function$;

COMMENT ON FUNCTION sffdw.hold_back_deletes(sffdw.connection, sffdw.mapping, text, text) IS
    'Decide for the staged deletes whether they happen now, or are set aside until the poll knows of all. deletes: '
    'now, judge (the page is all there is: now if they are plausibly few) or aside.';

CREATE FUNCTION sffdw.note_gone(mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_found_by text := CASE WHEN mapping.phase IN ('load', 'bulk', 'replace') THEN 'load'
                            WHEN mapping.phase = 'compare' THEN 'compare'
                            ELSE 'poll' END;
    v_missing  text[];
    v_deleted  text[];
BEGIN
    EXECUTE format($query$
        DELETE FROM sffdw.gone_record g
        USING %s s
        WHERE g.mapping_id = $1
        AND g.sfid = s.sfid COLLATE "C"
        AND (NOT s._gone OR s._leaves OR s._verdict IN ('delete', 'same', 'skip'))
    $query$, stage)
    USING mapping.mapping_id;
    -- What a page merely lacks has no place in it.
    EXECUTE format($query$
        SELECT array_agg(s.sfid) FILTER (WHERE s._ordinal < 0), array_agg(s.sfid) FILTER (WHERE s._ordinal >= 0)
        FROM %s s
        WHERE s._gone
        AND NOT s._leaves
        AND s._verdict IN ('aside', 'locked', 'unsent', 'refused')
    $query$, stage)
    INTO v_missing, v_deleted;
    PERFORM sffdw.add_gone(mapping.mapping_id, v_missing, v_found_by);
    PERFORM sffdw.add_gone(mapping.mapping_id, v_deleted, v_found_by, clock_timestamp());
    EXECUTE format($query$
        UPDATE sffdw.gone_record g
        SET error = s._error
        FROM %s s
        WHERE g.mapping_id = $1
        AND g.sfid = s.sfid COLLATE "C"
        AND s._error IS NOT NULL
    $query$, stage)
    USING mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.note_gone(sffdw.mapping, text) IS
    'After a merge, note the staged deletes that did not happen, and strike off those that did and what was seen '
    'alive.';

COMMIT;
