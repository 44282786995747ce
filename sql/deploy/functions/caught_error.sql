-- Deploy sffdw:functions/caught_error to pg
-- requires: functions/log_event
-- requires: functions/notify

BEGIN;

CREATE FUNCTION sffdw.raise_caught(caught jsonb)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = caught ->> 'sqlstate',
        MESSAGE = caught ->> 'message',
        DETAIL = coalesce(nullif(caught ->> 'detail', ''), 'What was done before it is committed.'),
        HINT = CASE
            WHEN caught ->> 'sqlstate' = 'SF002' THEN 'Run sffdw.recover: it says what it would accept.'
            ELSE coalesce(nullif(caught ->> 'hint', ''), 'See sffdw.log and sffdw.mappings.')
        END;
END
$function$;

COMMENT ON FUNCTION sffdw.raise_caught(jsonb) IS
    'Raise again an error that a step caught and returned as {sqlstate, message, detail, hint}.';

CREATE FUNCTION sffdw.record_connection_error(connection_id integer, caught jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sqlstate text := caught ->> 'sqlstate';
    v_before   text;
BEGIN
    SELECT c.state INTO v_before FROM sffdw.connection c
    WHERE c.connection_id = record_connection_error.connection_id
    FOR NO KEY UPDATE;
    UPDATE sffdw.connection c
    SET last_error = caught ->> 'message',
        last_error_at = clock_timestamp(),
        state = CASE v_sqlstate WHEN 'SF001' THEN 'UNAUTHORIZED' WHEN 'SF002' THEN 'RECOVERY' ELSE c.state END,
        throttled_until = CASE
            WHEN v_sqlstate IN ('SF001', 'SF003', 'SF004') THEN clock_timestamp() + interval '1 minute'
            ELSE c.throttled_until
        END
    WHERE c.connection_id = record_connection_error.connection_id
    AND c.state <> 'RECOVERY';
    -- Told of once, not at each try.
    IF FOUND AND (v_sqlstate = 'SF001' AND v_before <> 'UNAUTHORIZED' OR v_sqlstate = 'SF002') THEN
        PERFORM sffdw.log_event(connection_id, 'CONNECTION STOPPED', caught ->> 'message', 'ERROR');
        PERFORM sffdw.notify(connection_id, 'connection-error', caught ->> 'message');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.record_connection_error(integer, jsonb) IS
    'Note a caught error on the connection: its state and a notification where the whole connection is concerned, a '
    'pause of a minute where a limit or the login is.';

COMMIT;
