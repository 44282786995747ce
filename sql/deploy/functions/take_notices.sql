-- Deploy sffdw:functions/take_notices to pg
-- requires: functions/hold_deletes
-- requires: functions/merge_columns
-- requires: functions/sync_setting
-- requires: tables/change_notice
-- requires: tables/mapping_progress

BEGIN;

CREATE FUNCTION sffdw.is_hastened(connection sffdw.connection, mapping sffdw.mapping, due_at timestamptz)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A mapping in error has its pauses, or has used up its daily_call_cap.
    SELECT mapping.accelerated
    AND mapping.error_count = 0
    AND coalesce(mapping.window_opened_at + make_interval(
        secs => sffdw.sync_setting(connection.options, 'accelerated_gap_s')) <= due_at, true)
    AND EXISTS (SELECT FROM sffdw.change_notice n WHERE n.mapping_id = mapping.mapping_id);
$function$;

COMMENT ON FUNCTION sffdw.is_hastened(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Whether a mapping is to be polled because change events told of its object: at once, or accelerated_gap_s after its '
    'last poll began.';

CREATE FUNCTION sffdw.take_notices(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids text[];
BEGIN
    -- Whether they are gone for good is asked by their Id, as for the delete log.
    EXECUTE format($query$
        WITH taken AS (
            DELETE FROM sffdw.change_notice n
            WHERE n.mapping_id = $1
            RETURNING n.gone_ids
        )
        SELECT array_agg(DISTINCT i)
        FROM taken t
        CROSS JOIN LATERAL unnest(t.gone_ids) i
        WHERE EXISTS (SELECT FROM %s l WHERE l.sfid = i)
    $query$, sffdw.mapped_table(connection, mapping))
    INTO v_ids
    USING mapping.mapping_id;
    PERFORM sffdw.add_gone(mapping.mapping_id, v_ids, 'event');
END
$function$;

COMMENT ON FUNCTION sffdw.take_notices(sffdw.connection, sffdw.mapping) IS
    'Take what change events told of a mapping''s object, for a poll whose window is opened behind it; note what they '
    'call deleted as gone, to be confirmed.';

COMMIT;
