-- Deploy sffdw:functions/load_page to pg
-- requires: functions/load_stage
-- requires: functions/plan_load
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
DECLARE
    v_is_empty  boolean;
    v_transport text;
    v_began_at  timestamptz := clock_timestamp();
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s t WHERE t.sfid IS NOT NULL)',
                   sffdw.mapped_table(connection, mapping)) INTO v_is_empty;
    -- What changes while the load runs is found by the first poll, whose window begins here.
    UPDATE sffdw.mapping m
    SET phase = 'load',
        state = CASE m.state WHEN 'RESYNC' THEN 'RESYNC' ELSE 'RELOAD_TABLE' END,
        load_sweeps = m.state <> 'RESYNC',
        load_is_staged = m.state <> 'RESYNC' AND NOT v_is_empty,
        load_began_at = v_began_at,
        load_started_at = sffdw.server_time(connection)
                          - make_interval(secs => sffdw.sync_setting(connection.options, 'overlap_s')),
        load_cursor = '',
        load_rows_done = 0,
        run_id = sffdw.open_sync_run(mapping, 'load')
    WHERE m.mapping_id = mapping.mapping_id
    RETURNING m.* INTO mapping;
    v_transport := sffdw.plan_load(connection, mapping, v_is_empty);
    PERFORM sffdw.log_event(mapping.connection_id, 'LOADING TABLE',
                            format('%s via %s', mapping.table_name, v_transport), object_name => mapping.object_name);
END
$function$;

COMMENT ON FUNCTION sffdw.begin_load(sffdw.connection, sffdw.mapping) IS
    'Begin to read every record of an object, through REST or Bulk. Into an empty table, and for a RESYNC, which deletes '
    'nothing, each page is merged as it comes; otherwise the pages are put aside and replace the rows in the end.';

CREATE FUNCTION sffdw.analyze_table(relation regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Others would only be warned. A table that somebody is altering or vacuuming is left to autovacuum.
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND pg_has_role(c.relowner, 'USAGE')) THEN
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', relation);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.analyze_table(regclass) IS
    'Tell the planner what is in a table now, as autovacuum does later; without effect for who does not own it.';

CREATE FUNCTION sffdw.finish_load(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.close_sync_run(mapping, 'ok');
    PERFORM sffdw.drop_load_stage(connection, mapping);
    IF mapping.load_sweeps THEN
        PERFORM sffdw.analyze_table(sffdw.mapped_table(connection, mapping)::regclass);
    END IF;
    DELETE FROM sffdw.load_chunk c
    WHERE c.mapping_id = mapping.mapping_id;
    UPDATE sffdw.mapping m
    SET phase = NULL,
        state = 'POLLING_SF_CHANGES',
        load_cursor = NULL,
        load_sweeps = false,
        load_is_staged = false,
        load_began_at = NULL,
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

COMMENT ON FUNCTION sffdw.finish_load(sffdw.connection, sffdw.mapping) IS
    'End a load and have its table analysed: what came since it began is the next poll''s.';

CREATE FUNCTION sffdw.end_reading(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.discard_jobs(connection, mapping);
    IF mapping.load_transport = 'REST' AND NOT mapping.load_is_staged THEN
        PERFORM sffdw.finish_load(connection, mapping);
        RETURN;
    END IF;
    UPDATE sffdw.mapping m
    SET phase = CASE WHEN m.load_is_staged THEN 'replace' ELSE 'index' END
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.end_reading(sffdw.connection, sffdw.mapping) IS
    'Go on with a load of which all records are read: with the replacement of the rows, the indexes, or its end.';

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
    v_merged  sffdw.merge_count := (0, 0, 0, 0, 0);
BEGIN
    UPDATE sffdw.mapping m
    SET load_cursor = coalesce(sffdw.last_record_id(v_stage), m.load_cursor),
        load_rows_done = m.load_rows_done + v_count
    WHERE m.mapping_id = mapping.mapping_id;
    IF mapping.load_is_staged THEN
        PERFORM sffdw.put_aside(connection, mapping, v_stage);
    ELSE
        v_merged := sffdw.merge_page(connection, mapping, v_stage, v_read_at);
    END IF;
    PERFORM sffdw.count_sync_run(mapping.run_id, v_count, v_merged);
    IF v_count < sffdw.sync_setting(connection.options, 'page_size') THEN
        PERFORM sffdw.end_reading(connection, mapping);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.load_page(sffdw.connection, sffdw.mapping) IS
    'Read the next page of a load through REST and merge it, or put it aside; rows and cursor commit together.';

COMMIT;
