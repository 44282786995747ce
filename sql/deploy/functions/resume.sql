-- Deploy sffdw:functions/resume to pg
-- requires: functions/pause

BEGIN;

CREATE FUNCTION sffdw.resume(direction text DEFAULT 'both', connection_name text DEFAULT 'salesforce')
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.set_paused(connection_name, direction, false);
$function$;

COMMENT ON FUNCTION sffdw.resume(text, text) IS
    'End a pause; what was captured meanwhile is sent. Raises undefined_object, invalid_parameter_value.';

COMMIT;
