-- Deploy sffdw:functions/load_page to pg
-- requires: functions/read_page
-- requires: functions/sync_runs

BEGIN;

CREATE FUNCTION sffdw.server_time(connection sffdw.connection)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_time timestamptz;
BEGIN
    EXECUTE format('SELECT s.server_time FROM %I._session s', connection.live_schema_name) INTO STRICT v_time;
    RETURN v_time;
END
$function$;

COMMENT ON FUNCTION sffdw.server_time(sffdw.connection) IS
    'Return Salesforce''s time: windows are bounded by it and never by this server''s clock.';

CREATE FUNCTION sffdw.last_record_id(stage text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id text;
BEGIN
    EXECUTE format('SELECT sfid FROM %s ORDER BY _ordinal DESC LIMIT 1', stage) INTO v_id;
    RETURN v_id;
END
$function$;

COMMENT ON FUNCTION sffdw.last_record_id(text) IS 'Return the Id of the last record of a staged page.';

CREATE FUNCTION sffdw.binary_sfid(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Named as it stands, the column's index serves.
    SELECT CASE
        WHEN c.collname IN ('C', 'POSIX', 'ucs_basic')
        OR c.collname = 'default' AND d.datcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8') THEN 't.sfid'
        ELSE 't.sfid COLLATE "C"'
    END
    FROM pg_attribute a
    JOIN pg_collation c ON c.oid = a.attcollation
    JOIN pg_database d ON d.datname = current_database()
    WHERE a.attrelid = sffdw.mapped_table(connection, mapping)::regclass
    AND a.attname = 'sfid';
$function$;

COMMENT ON FUNCTION sffdw.binary_sfid(sffdw.connection, sffdw.mapping) IS
    'Return the expression by which local rows (t) sort by Id as Salesforce sorts.';

CREATE FUNCTION sffdw.stage_missing(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    after_id   text,
    last_id    text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO %1$s (_ordinal, _gone, sfid)
        SELECT -row_number() OVER (), true, t.sfid
        FROM %2$s t
        WHERE %3$s > $1
        AND ($2 IS NULL OR %3$s <= $2)
        AND NOT EXISTS (SELECT FROM %1$s s WHERE s.sfid = t.sfid)
    $query$, stage, sffdw.mapped_table(connection, mapping), sffdw.binary_sfid(connection, mapping))
    USING after_id, last_id;
END
$function$;

COMMENT ON FUNCTION sffdw.stage_missing(sffdw.connection, sffdw.mapping, text, text, text) IS
    'Stage as gone, with places below 0, the local rows between two Ids, the last one included or NULL for no end, '
    'that the page read there does not hold.';

CREATE FUNCTION sffdw.begin_load(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What changes while the load runs is found by the first poll, whose window begins here.
    UPDATE sffdw.mapping m
    SET phase = 'load',
        state = CASE m.state WHEN 'RESYNC' THEN 'RESYNC' ELSE 'RELOAD_TABLE' END,
        load_sweeps = m.state <> 'RESYNC',
        load_started_at = sffdw.server_time(connection)
                          - make_interval(secs => sffdw.sync_setting(connection.options, 'overlap_s')),
        load_cursor = '',
        load_rows_done = 0,
        run_id = sffdw.open_sync_run(mapping, 'load')
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.begin_load(sffdw.connection, sffdw.mapping) IS
    'Begin to read every record of an object. Rows that Salesforce no longer has are deleted on the way, unless the '
    'load is a RESYNC, which deletes nothing.';

CREATE FUNCTION sffdw.finish_load(mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.close_sync_run(mapping, 'ok');
    UPDATE sffdw.mapping m
    SET phase = NULL,
        state = 'POLLING_SF_CHANGES',
        load_cursor = NULL,
        load_sweeps = false,
        filter_changed = false,
        watermark_at = m.load_started_at,
        watermark_id = NULL,
        deleted_until = m.load_started_at,
        next_deletes_at = NULL,
        window_end_at = NULL,
        run_id = NULL
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.finish_load(sffdw.mapping) IS
    'End a load: what came since it began is the next poll''s.';

CREATE FUNCTION sffdw.load_page(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    v_count   integer := sffdw.read_page(
        connection, mapping, v_stage, 'load', sffdw.keyset(NULL, mapping.load_cursor));
    v_is_last boolean := v_count < sffdw.sync_setting(connection.options, 'page_size');
    v_last    text := sffdw.last_record_id(v_stage);
BEGIN
    IF mapping.load_sweeps THEN
        PERFORM sffdw.stage_missing(connection, mapping, v_stage, mapping.load_cursor,
                                    CASE WHEN NOT v_is_last THEN v_last END);
    END IF;
    PERFORM sffdw.count_sync_run(mapping.run_id, v_count, sffdw.merge_page(connection, mapping, v_stage, v_read_at));
    UPDATE sffdw.mapping m
    SET load_cursor = coalesce(v_last, m.load_cursor),
        load_rows_done = m.load_rows_done + v_count
    WHERE m.mapping_id = mapping.mapping_id;
    IF v_is_last THEN
        PERFORM sffdw.finish_load(mapping);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.load_page(sffdw.connection, sffdw.mapping) IS
    'Read the next page of a load and merge it; rows and cursor commit together.';

COMMIT;
