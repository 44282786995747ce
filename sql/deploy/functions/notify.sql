-- Deploy sffdw:functions/notify to pg
-- requires: tables/notification

BEGIN;

CREATE FUNCTION sffdw.notify(connection_id integer, event_type text, message text)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO sffdw.notification (connection_id, event_type, message)
    VALUES (connection_id, event_type, message)
    RETURNING notification_id INTO v_id;
    PERFORM pg_notify('sffdw.notification', v_id::text);
    RETURN v_id;
END
$function$;

COMMENT ON FUNCTION sffdw.notify(integer, text, text) IS
    'Add a notification, send its id on channel sffdw.notification, and return it.';

COMMIT;
