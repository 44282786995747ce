-- Deploy sffdw:functions/request_verification to pg
-- requires: functions/compare_step
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/require_owner

BEGIN;

CREATE FUNCTION sffdw.request_verification(object_name text, connection_name text DEFAULT 'salesforce')
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection   sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping      sffdw.mapping := sffdw.find_mapping(v_connection.connection_id, object_name);
    v_verification sffdw.verification;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    v_verification := sffdw.open_verification(v_connection, v_mapping, clock_timestamp());
    UPDATE sffdw.verification v
    SET is_full = true
    WHERE v.mapping_id = v_verification.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.request_verification(text, text) IS
    'Have sffdw.maintain compare both sides of a mapping by all mapped fields, page by page, each in a transaction of '
    'its own, going on where it was after a break; the next poll repairs what it finds. For objects that are too large '
    'for one call of verify_mapping. The result is a line of sffdw.log and rows of sffdw.drift. Raises '
    'insufficient_privilege, undefined_object.';

COMMIT;
