-- Deploy sffdw:functions/check_call_cap to pg
-- requires: functions/count_calls
-- requires: tables/mapping

BEGIN;

CREATE FUNCTION sffdw.calls_today(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(sum(c.call_count), 0)::bigint
    FROM sffdw.count_calls(connection, sffdw.utc_day()) c
    WHERE lower(c.object_name) = lower(mapping.object_name);
$function$;

COMMENT ON FUNCTION sffdw.calls_today(sffdw.connection, sffdw.mapping) IS
    'Return how many API calls were made for a mapping''s object since midnight UTC.';

CREATE FUNCTION sffdw.is_capped(mapping_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.calls_today(c, m) >= m.daily_call_cap
    FROM sffdw.mapping m
    JOIN sffdw.connection c USING (connection_id)
    WHERE m.mapping_id = is_capped.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.is_capped(integer) IS 'Whether a mapping has used up its daily_call_cap.';

CREATE FUNCTION sffdw.check_call_cap(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint := sffdw.calls_today(connection, mapping);
BEGIN
    IF v_count >= mapping.daily_call_cap THEN
        RAISE EXCEPTION 'daily_call_cap of object "%" is used up', mapping.object_name
            USING ERRCODE = 'SF003',
                  DETAIL = format('%s API calls were made for it since midnight UTC; daily_call_cap is %s.', v_count,
                                  mapping.daily_call_cap),
                  HINT = format('Reading goes on after midnight UTC, writing now; or run '
                                'sffdw.alter_mapping(%L, daily_call_cap => …).', mapping.object_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_call_cap(sffdw.connection, sffdw.mapping) IS
    'Stop before a mapping is read from beyond its daily_call_cap; writes are counted but not stopped. Raises SF003.';

COMMIT;
