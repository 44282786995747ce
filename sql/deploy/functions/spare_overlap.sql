-- Deploy sffdw:functions/spare_overlap to pg
-- requires: functions/load_job
-- requires: functions/sync_setting
-- requires: tables/mapping_progress

BEGIN;

CREATE FUNCTION sffdw.count_changes(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN sffdw.ask_soql(connection, format(
        'SELECT COUNT() FROM %s WHERE %s', mapping.object_name, sffdw.window_condition(mapping)),
        'totalSize', 'poll')::bigint;
EXCEPTION WHEN SQLSTATE 'SF005' OR SQLSTATE 'SF006' OR SQLSTATE 'SF009' THEN
    -- As count_org_records: reading them tells.
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.count_changes(sffdw.connection, sffdw.mapping) IS
    'Return how many records are left in the running poll''s window, deleted ones included; NULL if that cannot be '
    'counted.';

CREATE FUNCTION sffdw.window_bound(window_end_at timestamptz)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT date_trunc('second', window_end_at AT TIME ZONE 'UTC' - interval '2 seconds') AT TIME ZONE 'UTC';
$function$;

COMMENT ON FUNCTION sffdw.window_bound(timestamptz) IS
    'Return the second before which a window that ends then has read all but what commits unusually late.';

CREATE FUNCTION sffdw.knows_overlap(mapping sffdw.mapping)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A reload, a person or a restored database may have moved the watermark.
    SELECT coalesce(mapping.overlap_to = sffdw.window_bound(mapping.watermark_at), false);
$function$;

COMMENT ON FUNCTION sffdw.knows_overlap(sffdw.mapping) IS
    'Whether it is known how many records lie before the watermark, because they are more than a page.';

CREATE FUNCTION sffdw.spares_overlap(connection sffdw.connection, mapping sffdw.mapping, window_end timestamptz)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- A record that changed again has left the range and may hide one that came late: hence the whole now and then.
    IF NOT sffdw.knows_overlap(mapping)
    OR window_end >= mapping.overlap_read_at
                     + make_interval(secs => sffdw.sync_setting(connection.options, 'overlap_interval_s')) THEN
        RETURN false;
    END IF;
    mapping.cursor_at := mapping.overlap_from;
    mapping.window_end_at := mapping.overlap_to - interval '2 seconds';
    RETURN coalesce(sffdw.count_changes(connection, mapping) <= mapping.overlap_count, false);
END
$function$;

COMMENT ON FUNCTION sffdw.spares_overlap(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Whether a poll may begin seconds before the last one''s end: what lies before that is more than a page, was read '
    'whole not long ago, and is, by one call that counts it, no more than was read. What commits late is one more.';

CREATE FUNCTION sffdw.count_window(mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    -- A job begins with the second in which the pages before it ended.
    EXECUTE format('SELECT count(*) FROM %s s WHERE (s._stamp > $1 OR s._stamp = $1 AND s.sfid COLLATE "C" > $2) '
                   'AND s._stamp < $3', stage)
    INTO v_count
    USING mapping.cursor_at, mapping.cursor_id, sffdw.window_bound(mapping.window_end_at);
    UPDATE sffdw.mapping m
    SET window_count = m.window_count + v_count
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.count_window(sffdw.mapping, text) IS
    'Add to the number of records that a poll has read those of the stage that no page before held, the last seconds of '
    'the window apart.';

COMMIT;
