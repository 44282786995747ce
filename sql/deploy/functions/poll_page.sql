-- Deploy sffdw:functions/poll_page to pg
-- requires: functions/cursor_column
-- requires: functions/load_page
-- requires: functions/spare_overlap
-- requires: functions/take_notices
-- requires: tables/deferred_attempt

BEGIN;

CREATE FUNCTION sffdw.open_window(connection sffdw.connection, mapping sffdw.mapping, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_end      timestamptz;
    v_start    timestamptz := date_trunc('second', CASE WHEN sffdw.knows_overlap(mapping) THEN mapping.overlap_read_at
                                                        ELSE mapping.watermark_at END)
                              - make_interval(secs => sffdw.sync_setting(connection.options, 'overlap_s'));
    v_swept    timestamptz := date_trunc('second', mapping.watermark_at)
                              - make_interval(secs => sffdw.sync_setting(connection.options, 'sweep_window_s'));
    v_is_sweep boolean := v_swept < v_start AND coalesce(mapping.next_sweep_at <= due_at, true);
    v_is_spare boolean;
BEGIN
    -- What they tell of lies before the end of the window.
    PERFORM sffdw.take_notices(connection, mapping);
    v_end := sffdw.server_time(connection);
    v_is_spare := NOT v_is_sweep AND sffdw.spares_overlap(connection, mapping, v_end);
    -- Records become visible after the time of their stamp: the last minutes are read again, and now and then the
    -- last hour. After a burst they are not while they are known to be no more than have been read.
    UPDATE sffdw.mapping m
    SET phase = CASE
            WHEN m.has_systemmodstamp THEN 'changes'
            WHEN sffdw.cursor_column(connection, mapping) IS NOT NULL THEN 'recent'
            ELSE 'compare'
        END,
        state = 'POLLING_SF_CHANGES',
        window_opened_at = clock_timestamp(),
        window_end_at = v_end,
        cursor_at = CASE WHEN v_is_sweep THEN v_swept WHEN v_is_spare THEN m.overlap_to ELSE v_start END,
        cursor_id = '',
        window_count = 0,
        overlap_from = CASE WHEN v_is_spare THEN m.overlap_from ELSE v_start END,
        overlap_count = CASE WHEN v_is_spare THEN m.overlap_count END,
        late_before = CASE WHEN v_is_sweep THEN v_start END,
        next_sweep_at = CASE
            WHEN v_is_sweep
                THEN due_at + make_interval(secs => sffdw.sync_setting(connection.options, 'sweep_interval_s'))
            ELSE m.next_sweep_at
        END,
        run_id = sffdw.open_sync_run(mapping, 'poll')
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.open_window(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Begin a poll: of the records changed since the watermark, less the overlap, up to Salesforce''s time now. One '
    'poll in a while is a sweep, which reaches back much further for what commits very late.';

CREATE FUNCTION sffdw.close_window(mapping sffdw.mapping, force boolean, due_at timestamptz)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping m
    SET phase = CASE
            WHEN m.replicateable AND m.has_systemmodstamp
            AND (force OR m.next_deletes_at IS NULL OR m.next_deletes_at <= due_at) THEN 'deletes'
            ELSE 'deferred'
        END,
        watermark_at = m.window_end_at,
        watermark_id = m.cursor_id,
        window_end_at = NULL,
        -- What a sweep read says nothing of how much the overlap holds.
        overlap_to = CASE
            WHEN m.has_systemmodstamp AND m.late_before IS NULL
            AND (m.overlap_count IS NOT NULL OR m.window_count > sffdw.sync_setting(c.options, 'page_size'))
                THEN sffdw.window_bound(m.window_end_at)
        END,
        overlap_read_at = CASE WHEN m.overlap_count IS NULL THEN m.window_end_at ELSE m.overlap_read_at END,
        overlap_count = coalesce(m.overlap_count, 0) + m.window_count
    FROM sffdw.connection c
    WHERE m.mapping_id = mapping.mapping_id
    AND c.connection_id = m.connection_id;
$function$;

COMMENT ON FUNCTION sffdw.close_window(sffdw.mapping, boolean, timestamptz) IS
    'Move the watermark to the end of the window: every record in it is merged or set aside.';

CREATE FUNCTION sffdw.poll_page(connection sffdw.connection, mapping sffdw.mapping, force boolean, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    -- The second in which the window ends may not be over: what has its stamp is read now, and again next time.
    v_count   integer := sffdw.read_page(
        connection, mapping, v_stage, 'poll', sffdw.keyset(mapping.cursor_at, mapping.cursor_id),
        mapping.window_end_at + interval '2 seconds');
    v_is_last boolean := v_count < sffdw.sync_setting(connection.options, 'page_size');
    -- What is deleted by several pages is judged together, at the end of the poll.
    v_deletes text := CASE WHEN v_is_last AND mapping.cursor_id = '' THEN 'judge' ELSE 'aside' END;
    v_last    record;
BEGIN
    EXECUTE format('SELECT _stamp, sfid FROM %s ORDER BY _ordinal DESC LIMIT 1', v_stage) INTO v_last;
    PERFORM sffdw.count_sync_run(
        mapping.run_id, v_count, sffdw.merge_page(connection, mapping, v_stage, v_read_at, v_deletes));
    PERFORM sffdw.count_window(mapping, v_stage);
    UPDATE sffdw.mapping m
    SET cursor_at = coalesce(v_last._stamp, m.cursor_at),
        cursor_id = coalesce(v_last.sfid, m.cursor_id)
    WHERE m.mapping_id = mapping.mapping_id;
    IF v_is_last THEN
        PERFORM sffdw.close_window(mapping, force, due_at);
    ELSIF mapping.cursor_id = '' THEN
        PERFORM sffdw.consider_bulk(connection, mapping.mapping_id);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.poll_page(sffdw.connection, sffdw.mapping, boolean, timestamptz) IS
    'Read the next page of a poll, changes and soft deletes together, and merge it; rows and cursor commit together. '
    'After a full first page it is considered whether the rest goes through Bulk.';

CREATE FUNCTION sffdw.recent_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    force      boolean,
    due_at     timestamptz
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    v_size    integer := sffdw.sync_setting(connection.options, 'page_size');
    -- Within the window records come in the order of Id: no other field is indexed together with it.
    v_count   integer := sffdw.read_records(
        connection, mapping, v_stage, 'poll',
        format('l._after = %1$L AND l._page_size = %2$L AND l.%3$I >= %4$L::timestamptz AND l.%3$I < %5$L::timestamptz',
               sffdw.keyset(NULL, mapping.cursor_id), v_size, sffdw.cursor_column(connection, mapping),
               mapping.cursor_at, mapping.window_end_at + interval '2 seconds'));
BEGIN
    PERFORM sffdw.count_sync_run(mapping.run_id, v_count, sffdw.merge_page(connection, mapping, v_stage, v_read_at));
    UPDATE sffdw.mapping m
    SET cursor_id = coalesce(sffdw.last_record_id(v_stage), m.cursor_id)
    WHERE m.mapping_id = mapping.mapping_id;
    IF v_count < v_size THEN
        PERFORM sffdw.close_window(mapping, force, due_at);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.recent_page(sffdw.connection, sffdw.mapping, boolean, timestamptz) IS
    'Read the next page of what is recent, by another time than SystemModstamp, and merge it. Deletes are found by '
    'comparing Ids once a day.';

CREATE FUNCTION sffdw.compare_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    force      boolean,
    due_at     timestamptz
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    v_count   integer := sffdw.read_page(connection, mapping, v_stage, 'poll', sffdw.keyset(NULL, mapping.cursor_id));
    v_is_last boolean := v_count < sffdw.sync_setting(connection.options, 'page_size');
    v_last    text := sffdw.last_record_id(v_stage);
BEGIN
    PERFORM sffdw.stage_missing(connection, mapping, v_stage, mapping.cursor_id,
                                CASE WHEN NOT v_is_last THEN v_last END);
    PERFORM sffdw.count_sync_run(mapping.run_id, v_count, sffdw.merge_page(connection, mapping, v_stage, v_read_at));
    UPDATE sffdw.mapping m
    SET cursor_id = coalesce(v_last, m.cursor_id)
    WHERE m.mapping_id = mapping.mapping_id;
    IF v_is_last THEN
        PERFORM sffdw.close_window(mapping, force, due_at);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.compare_page(sffdw.connection, sffdw.mapping, boolean, timestamptz) IS
    'Read the next page of an object that has no time to tell what is recent: all its records are compared, and rows '
    'that are not among them go.';

COMMIT;
