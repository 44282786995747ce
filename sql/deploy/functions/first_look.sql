-- Deploy sffdw:functions/first_look to pg
-- requires: functions/verify_page

BEGIN;

CREATE FUNCTION sffdw.may_look_first(connection sffdw.connection, mapping sffdw.mapping, last sffdw.verification)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT last.ended_at IS NOT NULL
    AND last.org_count > sffdw.sync_setting(connection.options, 'bulk_load_threshold')
    AND last.look_count < 6
    AND last.missing_count + last.extra_count + last.different_count = 0
    AND mapping.filter_expression IS NULL
    AND sffdw.has_live_column(connection, mapping, 'isdeleted')
    AND sffdw.has_live_column(connection, mapping, 'systemmodstamp')
    AND EXISTS (
        SELECT FROM sffdw.merge_columns(connection, mapping) c WHERE c.column_name = 'systemmodstamp'
    );
$function$;

COMMENT ON FUNCTION sffdw.may_look_first(sffdw.connection, sffdw.mapping, sffdw.verification) IS
    'Whether a count may spare a large object the comparison of its Ids: the last comparison found nothing, and the last '
    'six were not all spared.';

CREATE FUNCTION sffdw.looks_equal(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    OUT is_equal  boolean,
    OUT org_count bigint
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- What is newer is the next poll's.
    v_before   timestamptz := date_trunc('second', mapping.watermark_at - make_interval(
        secs => sffdw.sync_setting(connection.options, 'overlap_s')));
    v_org      jsonb;
    v_count    bigint;
    v_stamp    timestamp;
BEGIN
    PERFORM sffdw.check_call_cap(connection, mapping);
    EXECUTE format('SELECT q.record FROM %I._soql q WHERE q.query = %L AND q.scope = %L AND q._purpose = %L '
                   'AND q._mapping = %L', connection.live_schema_name, format(
        'SELECT COUNT(Id) counted, MAX(SystemModstamp) latest FROM %s WHERE IsDeleted = false AND SystemModstamp < %s',
        mapping.object_name, sffdw.iso_time(v_before)), 'all', 'verify', mapping.object_name)
    INTO v_org;
    EXECUTE format('SELECT count(*), max(t.systemmodstamp) FROM %s t '
                   'WHERE t.sfid IS NOT NULL AND t.systemmodstamp < $1', sffdw.mapped_table(connection, mapping))
    INTO v_count, v_stamp
    USING v_before AT TIME ZONE 'UTC';
    org_count := (v_org ->> 'counted')::bigint;
    is_equal := coalesce(org_count = v_count, false)
                AND (v_org ->> 'latest')::timestamptz AT TIME ZONE 'UTC' IS NOT DISTINCT FROM v_stamp;
EXCEPTION WHEN SQLSTATE 'SF005' OR SQLSTATE 'SF006' OR SQLSTATE 'SF009' THEN
    -- Very large objects are not counted in time, some not at all.
    is_equal := false;
END
$function$;

COMMENT ON FUNCTION sffdw.looks_equal(sffdw.connection, sffdw.mapping) IS
    'Whether there are as many records as rows, with the same latest stamp, leaving out what the next poll reads; and how '
    'many records. One API call.';

CREATE FUNCTION sffdw.look_first(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    last       sffdw.verification
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before record;
    v_look   record;
    v_run_id bigint;
BEGIN
    IF last IS NULL OR NOT sffdw.may_look_first(connection, mapping, last) THEN
        RETURN false;
    END IF;
    v_before := sffdw.own_calls(connection);
    v_look := sffdw.looks_equal(connection, mapping);
    SELECT v.run_id INTO v_run_id FROM sffdw.verification v WHERE v.mapping_id = mapping.mapping_id;
    PERFORM sffdw.charge_verification(connection, v_run_id, v_before.call_count, v_before.byte_count);
    IF NOT v_look.is_equal THEN
        RETURN false;
    END IF;
    UPDATE sffdw.verification v
    SET ended_at = clock_timestamp(),
        look_count = last.look_count + 1,
        org_count = v_look.org_count,
        local_count = v_look.org_count
    WHERE v.mapping_id = mapping.mapping_id;
    UPDATE sffdw.sync_run r
    SET ended_at = clock_timestamp(), outcome = 'ok'
    WHERE r.run_id = v_run_id;
    PERFORM sffdw.log_event(mapping.connection_id, 'VERIFY COUNTED',
                            format('%s records, as many rows; no Id was compared', v_look.org_count),
                            object_name => mapping.object_name, row_count => v_look.org_count);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.look_first(sffdw.connection, sffdw.mapping, sffdw.verification) IS
    'End a comparison of Ids that has just begun if both sides look equal, and say so. last: the one before it.';

COMMIT;
