-- Deploy sffdw:functions/discard_page to pg
-- requires: functions/change_channel
-- requires: functions/hold_writes
-- requires: functions/load_page
-- requires: functions/restore_records

BEGIN;

CREATE FUNCTION sffdw.discarded_entries(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    release    sffdw.write_release,
    condition  text,
    most       integer
)
RETURNS sffdw.discarded_entry[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entries sffdw.discarded_entry[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(ROW(e.id, e.action, e.record_id, e.sfid)::sffdw.discarded_entry ORDER BY e.id)
        FROM (
            SELECT l.id, l.action, l.record_id,
                   coalesce(l.sfid, (SELECT t.sfid FROM %2$s t WHERE t.id = l.record_id)) AS sfid
            FROM %1$I._trigger_log l
            WHERE l.state = 'NEW'
            AND l.table_name = $1
            AND %3$s
            AND %4$s
            ORDER BY l.id
            LIMIT $2
            FOR UPDATE OF l SKIP LOCKED
        ) e
    $query$, connection.schema_name, sffdw.mapped_table(connection, mapping),
        sffdw.covered_entries(release), condition)
    INTO v_entries
    USING mapping.table_name, most;
    RETURN v_entries;
END
$function$;

COMMENT ON FUNCTION sffdw.discarded_entries(
    sffdw.connection, sffdw.mapping, sffdw.write_release, text, integer) IS
    'Lock and return the oldest entries (l) of the trigger log that are to be taken back and meet the condition, at most '
    'that many; NULL: none.';

CREATE FUNCTION sffdw.discard_inserts(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    release    sffdw.write_release
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entries sffdw.discarded_entry[] := sffdw.discarded_entries(
        connection, mapping, release, 'l.action = ''INSERT''', sffdw.sync_setting(connection.options, 'page_size'));
    v_stage   text := sffdw.open_stage(connection, mapping);
    v_busy    integer[];
    v_ids     integer[];
    v_count   bigint;
BEGIN
    IF v_entries IS NULL THEN
        RETURN false;
    END IF;
    -- What an app holds is left for later.
    EXECUTE format($query$
        WITH held AS MATERIALIZED (
            SELECT t.id FROM %2$s t WHERE t.id = ANY ($1) AND t.sfid IS NULL ORDER BY t.id FOR UPDATE SKIP LOCKED
        ), busy AS (
            SELECT t.id FROM %2$s t WHERE t.id = ANY ($1) AND t.sfid IS NULL AND t.id NOT IN (SELECT h.id FROM held h)
        ), staged AS (
            INSERT INTO %1$s (_ordinal, _gone, _local_id, _held, _verdict)
            SELECT row_number() OVER (ORDER BY h.id), true, h.id, true, 'delete' FROM held h
        )
        SELECT coalesce(array_agg(b.id), '{}') FROM busy b
    $query$, v_stage, sffdw.mapped_table(connection, mapping))
    INTO v_busy
    USING array(SELECT e.record_id FROM unnest(v_entries) e WHERE e.sfid IS NULL);
    PERFORM sffdw.announce_changes(sffdw.change_channel(connection.schema_name, mapping.table_name), 'DELETE', r.deleted)
    FROM sffdw.merge_stage(connection, mapping, v_stage) r;
    v_ids := array(SELECT e.entry_id FROM unnest(v_entries) e WHERE e.record_id <> ALL (v_busy));
    PERFORM sffdw.discard_entries(connection, v_ids);
    -- What was done to such a row since cannot be sent either.
    EXECUTE format($query$
        SELECT array_agg(l.id)
        FROM %I._trigger_log l
        WHERE l.state = 'NEW'
        AND l.table_name = $1
        AND l.record_id = ANY ($2)
    $query$, connection.schema_name)
    INTO v_ids
    USING mapping.table_name, array(SELECT e.record_id FROM unnest(v_entries) e
                                    WHERE e.sfid IS NULL AND e.record_id <> ALL (v_busy));
    PERFORM sffdw.discard_entries(connection, v_ids);
    PERFORM sffdw.tell_kept(mapping, v_stage);
    RETURN cardinality(v_busy) < cardinality(v_entries);
END
$function$;

COMMENT ON FUNCTION sffdw.discard_inserts(sffdw.connection, sffdw.mapping, sffdw.write_release) IS
    'Delete rows that were inserted and never sent, a page of them, and take their entries back. False: there is none, '
    'or an app has them locked.';

CREATE FUNCTION sffdw.tell_kept(mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
    v_error text;
BEGIN
    EXECUTE format('SELECT count(*), min(s._error) FROM %s s WHERE s._verdict = ''refused''', stage)
    INTO v_count, v_error;
    IF v_count > 0 THEN
        PERFORM sffdw.log_event(
            mapping.connection_id, 'DISCARD REFUSED',
            format('%s rows that Salesforce never had stay: %s', v_count, v_error), 'WARNING', mapping.object_name,
            v_count);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.tell_kept(sffdw.mapping, text) IS
    'Log the rows that could not be deleted, because of a constraint or trigger of the user''s.';

CREATE FUNCTION sffdw.discard_changes(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    release    sffdw.write_release
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    -- An UPDATE that waits for the sfid of an INSERT in flight waits here too.
    v_entries sffdw.discarded_entry[] := sffdw.discarded_entries(connection, mapping, release, format($condition$
        l.action <> 'INSERT'
        AND (l.sfid IS NOT NULL OR NOT EXISTS (
            SELECT
            FROM %I._trigger_log i
            WHERE i.state = 'PENDING'
            AND i.table_name = l.table_name
            AND i.record_id = l.record_id
            AND i.action = 'INSERT'
        ))
    $condition$, connection.schema_name), 200);
    v_sfids   CONSTANT text[] := array(SELECT DISTINCT e.sfid FROM unnest(v_entries) e WHERE e.sfid IS NOT NULL);
    v_count   integer := 0;
BEGIN
    IF v_entries IS NULL THEN
        RETURN false;
    ELSIF v_sfids <> '{}' THEN
        v_count := sffdw.read_records(
            connection, mapping, v_stage, 'poll',
            format('l.id IN (%s)', (SELECT string_agg(quote_literal(i), ', ') FROM unnest(v_sfids) i)));
    END IF;
    PERFORM sffdw.restore_records(connection, mapping, v_stage, v_entries, release.run_id, v_count, v_read_at);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.discard_changes(sffdw.connection, sffdw.mapping, sffdw.write_release) IS
    'Read the records of the oldest entries that are to be taken back by their Ids and restore their rows. False: there '
    'is none.';

CREATE FUNCTION sffdw.discard_by_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    release    sffdw.write_release
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    v_count   integer := sffdw.read_page(
        connection, mapping, v_stage, 'poll', sffdw.keyset(NULL, release.cursor_id));
    v_is_last boolean := v_count < sffdw.sync_setting(connection.options, 'page_size');
    v_last_id text := sffdw.last_record_id(v_stage);
BEGIN
    PERFORM sffdw.restore_records(
        connection, mapping, v_stage,
        sffdw.discarded_entries(
            connection, mapping, release, format(
                'l.action <> ''INSERT'' AND l.sfid COLLATE "C" > %L%s', release.cursor_id,
                CASE WHEN NOT v_is_last THEN format(' AND l.sfid COLLATE "C" <= %L', v_last_id) ELSE '' END),
            NULL),
        release.run_id, v_count, v_read_at);
    -- What the pages have not shown is asked for by its Id.
    UPDATE sffdw.write_release r
    SET cursor_id = coalesce(v_last_id, r.cursor_id),
        page_wise = NOT v_is_last
    WHERE r.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.discard_by_page(sffdw.connection, sffdw.mapping, sffdw.write_release) IS
    'Read the next page of records, take back the entries of that range of Ids and restore their rows.';

CREATE FUNCTION sffdw.finish_discard(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    release    sffdw.write_release
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sffdw.discarded_entries(connection, mapping, release, 'true', 1) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM sffdw.lock_hold(mapping.mapping_id);
    DELETE FROM sffdw.write_release r
    WHERE r.mapping_id = mapping.mapping_id;
    DELETE FROM sffdw.held_change h
    WHERE h.mapping_id = mapping.mapping_id
    AND h.direction = 'out';
    mapping.run_id := release.run_id;
    PERFORM sffdw.close_sync_run(mapping, 'ok');
    PERFORM sffdw.log_event(
        mapping.connection_id, 'CHANGES DISCARDED',
        format('%s changes are taken back, the rows are what Salesforce has', release.entry_count),
        object_name => mapping.object_name, row_count => release.entry_count);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.finish_discard(sffdw.connection, sffdw.mapping, sffdw.write_release) IS
    'End a discard if none of its entries is left. False: some are locked, or wait for an answer.';

CREATE FUNCTION sffdw.discard_page(connection sffdw.connection, mapping sffdw.mapping)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_release sffdw.write_release;
BEGIN
    SELECT r.* INTO v_release FROM sffdw.write_release r
    WHERE r.mapping_id = mapping.mapping_id
    AND r.is_discard
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    ELSIF v_release.run_id IS NULL THEN
        UPDATE sffdw.write_release r
        SET run_id = sffdw.open_sync_run(mapping, 'poll')
        WHERE r.mapping_id = mapping.mapping_id
        RETURNING r.* INTO v_release;
    END IF;
    IF sffdw.discard_inserts(connection, mapping, v_release) THEN
        RETURN true;
    ELSIF v_release.page_wise THEN
        PERFORM sffdw.discard_by_page(connection, mapping, v_release);
        RETURN true;
    END IF;
    RETURN sffdw.discard_changes(connection, mapping, v_release)
           OR sffdw.finish_discard(connection, mapping, v_release);
END
$function$;

COMMENT ON FUNCTION sffdw.discard_page(sffdw.connection, sffdw.mapping) IS
    'Make the next step of taking a mapping''s changes back: entries and rows commit together, so that whatever ends it, '
    'it goes on where it was. False: there is nothing to do, or not now.';

COMMIT;
