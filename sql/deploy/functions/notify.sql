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

CREATE FUNCTION sffdw.notify_count(
    connection_id integer,
    event_type    text,
    subject       text,
    event_count   bigint,
    template      text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    -- Somebody who has been told once needs the number, not another message.
    UPDATE sffdw.notification n
    SET event_count = n.event_count + notify_count.event_count,
        message = format(template, n.event_count + notify_count.event_count)
    WHERE n.notification_id = (
        SELECT max(o.notification_id)
        FROM sffdw.notification o
        WHERE o.connection_id = notify_count.connection_id
        AND o.event_type = notify_count.event_type
        AND o.subject = notify_count.subject
        AND o.acknowledged_at IS NULL
        AND o.created_at > clock_timestamp() - interval '1 hour'
    );
    IF NOT FOUND THEN
        v_id := sffdw.notify(connection_id, event_type, format(template, event_count));
        UPDATE sffdw.notification n
        SET subject = notify_count.subject, event_count = notify_count.event_count
        WHERE n.notification_id = v_id;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.notify_count(integer, text, text, bigint, text) IS
    'Notify of a number of events with a subject in common, by a template with one %s for their number: for an hour, or '
    'until it is acknowledged, further ones are added to the same notification, silently.';

COMMIT;
