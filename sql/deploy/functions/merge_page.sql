-- Deploy sffdw:functions/merge_page to pg
-- requires: functions/change_channel
-- requires: functions/hold_deletes
-- requires: functions/log_event
-- requires: functions/merge_chunk
-- requires: functions/note_conflicts
-- requires: functions/note_drift
-- requires: functions/notify

BEGIN;

CREATE FUNCTION sffdw.refuse_record(stage text, place bigint, reason text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('UPDATE %s SET _verdict = ''refused'', _error = $2 WHERE _ordinal = $1', stage) USING place, reason;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_record(text, bigint, text) IS 'Mark the staged record that the table refused.';

CREATE FUNCTION sffdw.is_refused_alike(mapping sffdw.mapping, stage text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_alike boolean;
BEGIN
    -- What was set aside before, or goes, is tried by itself and must not stop the poll that tries it.
    EXECUTE format($query$
        SELECT count(*) > 1 AND bool_and(s._verdict = 'refused' AND s._error LIKE '%%(42___)')
        FROM %s s
        WHERE NOT s._gone
        AND NOT EXISTS (SELECT FROM sffdw.deferred_record d WHERE d.mapping_id = $1 AND d.sfid COLLATE "C" = s.sfid)
    $query$, stage)
    INTO v_is_alike
    USING mapping.mapping_id;
    RETURN v_is_alike;
END
$function$;

COMMENT ON FUNCTION sffdw.is_refused_alike(sffdw.mapping, text) IS
    'Whether the table has refused every record of a page, and more than one, for a missing right or a name that is '
    'not there: then it is not the records that are wrong.';

CREATE FUNCTION sffdw.merge_stage(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS SETOF sffdw.merged_rows
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- The lock of a foreign key on a row whose identifier changes is waited for this long.
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_path       CONSTANT text := connection.run_search_path;
    v_statements sffdw.merge_statement[] := sffdw.write_merge(connection, mapping, stage);
    v_is_tried   boolean := false;
    v_spans      int8range[];
    v_span       int8range;
    v_middle     bigint;
BEGIN
    EXECUTE format($query$
        SELECT CASE WHEN count(*) > 0 THEN ARRAY[int8range(min(_ordinal), max(_ordinal), '[]')] ELSE '{}' END
        FROM %s
        WHERE _verdict IN ('insert', 'update', 'delete')
    $query$, stage)
    INTO v_spans;
    WHILE cardinality(v_spans) > 0 LOOP
        v_span := v_spans[1];
        v_spans := v_spans[2:];
        BEGIN
            RETURN NEXT sffdw.merge_chunk(v_path, v_statements, lower(v_span), upper(v_span) - 1);
        EXCEPTION WHEN OTHERS THEN
            -- What is wrong with the server or with every row alike is no reason to set records aside.
            IF left(SQLSTATE, 2) IN ('53', '57', '58', 'XX') THEN
                RAISE;
            ELSIF left(SQLSTATE, 2) = '42' AND NOT v_is_tried THEN
                -- A missing column or a right on the table itself fails without any row as well, a user's trigger or
                -- policy does not.
                PERFORM sffdw.merge_chunk(v_path, v_statements, 0, -1);
                v_is_tried := true;
            END IF;
            IF upper(v_span) - lower(v_span) = 1 THEN
                PERFORM sffdw.refuse_record(stage, lower(v_span), format('%s (%s)', SQLERRM, SQLSTATE));
                IF cardinality(v_spans) = 0 AND sffdw.is_refused_alike(mapping, stage) THEN
                    RAISE;
                END IF;
            ELSE
                v_middle := (lower(v_span) + upper(v_span)) / 2;
                v_spans := ARRAY[int8range(lower(v_span), v_middle), int8range(v_middle, upper(v_span))] || v_spans;
            END IF;
        END;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.merge_stage(sffdw.connection, sffdw.mapping, text) IS
    'Carry out what the stage says, in one piece if the table accepts it, else in halves down to the records that it '
    'refuses, which are marked. Raises what is wrong with the table or the server itself.';

CREATE FUNCTION sffdw.tell_refused(mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count   bigint;
    v_message text;
BEGIN
    -- What was refused before, and is again, is known.
    EXECUTE format($query$
        SELECT count(*), (array_agg(format('%%s: %%s', s.sfid, s._error) ORDER BY s._ordinal))[1]
        FROM %s s
        WHERE s._verdict = 'refused'
        AND NOT EXISTS (
            SELECT
            FROM sffdw.deferred_record d
            WHERE d.mapping_id = $1
            AND d.sfid COLLATE "C" = s.sfid
            AND d.reason = 'refused'
        )
        AND NOT EXISTS (
            SELECT
            FROM sffdw.gone_record g
            WHERE g.mapping_id = $1
            AND g.sfid COLLATE "C" = s.sfid
            AND g.attempts > 1
        )
    $query$, stage)
    INTO v_count, v_message
    USING mapping.mapping_id;
    IF v_count > 0 THEN
        PERFORM sffdw.log_event(
            mapping.connection_id, 'ROWS REFUSED', format('%s, the first: %s', v_count, v_message), 'WARNING',
            mapping.object_name, v_count);
        PERFORM sffdw.notify_count(
            mapping.connection_id, 'row-refused', mapping.object_name, v_count,
            replace(mapping.object_name, '%', '%%') || ': %s records were refused by the table, among them '
            || replace(v_message, '%', '%%') || '. sffdw.deferred_row lists them; they are tried again by themselves.');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.tell_refused(sffdw.mapping, text) IS
    'Log how many staged records the table has refused for the first time, and notify of them: one notification a '
    'mapping, with their number.';

CREATE FUNCTION sffdw.defer_records(mapping sffdw.mapping, stage text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    EXECUTE format($query$
        DELETE FROM sffdw.deferred_record d
        USING %s s
        WHERE d.mapping_id = $1
        AND d.sfid COLLATE "C" = s.sfid
        AND s._verdict IN ('insert', 'update', 'delete', 'same', 'skip')
    $query$, stage)
    USING mapping.mapping_id;
    PERFORM sffdw.tell_refused(mapping, stage);
    EXECUTE format($query$
        INSERT INTO sffdw.deferred_record AS d (mapping_id, sfid, reason, error)
        SELECT $1, s.sfid, s._verdict, s._error
        FROM %s s
        WHERE (NOT s._gone OR s._leaves)
        AND s._verdict IN ('locked', 'unsent', 'refused')
        ON CONFLICT (mapping_id, sfid) DO UPDATE
        SET reason = excluded.reason,
            error = excluded.error
    $query$, stage)
    USING mapping.mapping_id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.defer_records(sffdw.mapping, text) IS
    'Set aside the staged records that could not be merged, strike off those that were, and return how many were set '
    'aside. Of those refused for the first time a person is told.';

CREATE FUNCTION sffdw.announce_changes(channel text, operation text, ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Ten digits and a comma each keep the payload below its 8,000 bytes.
    v_most CONSTANT integer := 700;
BEGIN
    IF ids IS NULL THEN
        RETURN;
    ELSIF cardinality(ids) > 10 * v_most THEN
        PERFORM pg_notify(channel, format('{"many": %s}', cardinality(ids)));
        RETURN;
    END IF;
    FOR v_first IN 1 .. cardinality(ids) BY v_most LOOP
        PERFORM pg_notify(channel, format('{"ids": [%s], "op": "%s"}',
                                          array_to_string(ids[v_first : v_first + v_most - 1], ','), operation));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.announce_changes(text, text, integer[]) IS
    'Notify who listens on <schema>.<table> of the ids that came from Salesforce, or of their number if they are very '
    'many.';

CREATE TYPE sffdw.merge_count AS (
    inserted_count  integer,
    updated_count   integer,
    deleted_count   integer,
    unchanged_count integer,
    deferred_count  integer
);

COMMENT ON TYPE sffdw.merge_count IS 'What the merge of a page did.';

CREATE FUNCTION sffdw.merge_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    read_at    timestamptz,
    deletes    text DEFAULT 'aside'
)
RETURNS sffdw.merge_count
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_channel text := sffdw.change_channel(connection.schema_name, mapping.table_name);
    v_merged  sffdw.merged_rows;
    v_count   sffdw.merge_count := (0, 0, 0, 0, 0);
BEGIN
    -- Each of these is a statement of its own and sees what was committed before it: rows are locked first, then the
    -- log is read.
    PERFORM sffdw.match_stage(connection, mapping, stage);
    PERFORM sffdw.protect_stage(connection, mapping, stage, read_at);
    PERFORM sffdw.note_conflicts(connection, mapping, stage, read_at);
    PERFORM sffdw.judge_stage(connection, mapping, stage);
    PERFORM sffdw.note_late(connection, mapping, stage);
    PERFORM sffdw.hold_back_deletes(connection, mapping, stage, deletes);
    FOR v_merged IN SELECT * FROM sffdw.merge_stage(connection, mapping, stage) LOOP
        v_count.inserted_count := v_count.inserted_count + coalesce(cardinality(v_merged.inserted), 0);
        v_count.updated_count := v_count.updated_count + coalesce(cardinality(v_merged.updated), 0);
        v_count.deleted_count := v_count.deleted_count + coalesce(cardinality(v_merged.deleted), 0);
        PERFORM sffdw.announce_changes(v_channel, 'DELETE', v_merged.deleted);
        PERFORM sffdw.announce_changes(v_channel, 'UPDATE', v_merged.updated);
        PERFORM sffdw.announce_changes(v_channel, 'INSERT', v_merged.inserted);
    END LOOP;
    PERFORM sffdw.note_repairs(mapping, stage);
    PERFORM sffdw.note_gone(mapping, stage);
    v_count.deferred_count := sffdw.defer_records(mapping, stage);
    EXECUTE format('SELECT count(*) FROM %s WHERE _verdict IN (''same'', ''skip'')', stage)
    INTO v_count.unchanged_count;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.merge_page(sffdw.connection, sffdw.mapping, text, timestamptz, text) IS
    'Merge a staged page, whose reading began at read_at, into the local table. What is not yet sent keeps its local '
    'value; rows that another session holds or that the table refuses are set aside and do not stop the others. '
    'deletes, see hold_back_deletes: unless said otherwise they wait for the end of the poll.';

COMMIT;
