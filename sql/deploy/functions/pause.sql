-- Deploy sffdw:functions/pause to pg
-- requires: functions/find_connection
-- requires: functions/log_event

BEGIN;

CREATE FUNCTION sffdw.set_paused(connection_name text, direction text, is_paused boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
BEGIN
    IF direction IS NULL OR direction NOT IN ('both', 'in', 'out') THEN
        RAISE EXCEPTION 'invalid value for "direction": %', coalesce(direction, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Valid values are: both, in, out.';
    END IF;
    UPDATE sffdw.connection c
    SET paused_in = CASE WHEN direction = 'out' THEN c.paused_in ELSE is_paused END,
        paused_out = CASE WHEN direction = 'in' THEN c.paused_out ELSE is_paused END
    WHERE c.connection_id = v_connection.connection_id;
    -- Only a healthy connection's state says that it is paused: an error stays visible.
    UPDATE sffdw.connection c
    SET state = CASE WHEN c.paused_in AND c.paused_out THEN 'PAUSED' ELSE 'IDLE' END
    WHERE c.connection_id = v_connection.connection_id
    AND c.state IN ('IDLE', 'POLLING_DB_CHANGES', 'BUSY', 'PAUSED');
    PERFORM sffdw.log_event(
        v_connection.connection_id, CASE WHEN is_paused THEN 'CONNECTION PAUSED' ELSE 'CONNECTION RESUMED' END,
        format('direction %s', direction));
END
$function$;

COMMENT ON FUNCTION sffdw.set_paused(text, text, boolean) IS
    'Pause or resume one direction of a connection, or both. Raises undefined_object, invalid_parameter_value.';

CREATE FUNCTION sffdw.pause(direction text DEFAULT 'both', connection_name text DEFAULT 'salesforce')
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.set_paused(connection_name, direction, true);
$function$;

COMMENT ON FUNCTION sffdw.pause(text, text) IS
    'Stop reading from Salesforce (in), writing to it (out) or both; changes are still captured, and what is under way '
    'ends first. Raises undefined_object, invalid_parameter_value.';

COMMIT;
