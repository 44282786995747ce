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

CREATE FUNCTION sffdw.error_state(caught jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE caught ->> 'sqlstate'
        WHEN 'SF001' THEN CASE
            WHEN caught ->> 'detail' LIKE '%inactive_org%' THEN 'INACTIVE_ORG'
            ELSE 'UNAUTHORIZED'
        END
        WHEN 'SF002' THEN 'RECOVERY'
        WHEN 'SF018' THEN 'DB_UNAVAILABLE'
    END;
$function$;

COMMENT ON FUNCTION sffdw.error_state(jsonb) IS
    'Return the state that a caught error puts a connection into, by the contract; NULL: it stays as it is.';

CREATE FUNCTION sffdw.record_connection_error(connection_id integer, caught jsonb, is_write boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sqlstate text := caught ->> 'sqlstate';
    v_state    text := sffdw.error_state(caught);
    v_text     text := concat_ws(': ', caught ->> 'message', nullif(caught ->> 'detail', ''));
    v_before   sffdw.connection;
    v_count    integer;
    v_until    timestamptz;
BEGIN
    SELECT c.* INTO v_before FROM sffdw.connection c
    WHERE c.connection_id = record_connection_error.connection_id
    FOR NO KEY UPDATE;
    -- What several mappings meet within one pause is one refusal.
    v_count := v_before.throttle_count
               + (v_sqlstate IN ('SF003', 'SF004')
                  AND coalesce(v_before.throttled_until <= clock_timestamp(), true))::integer;
    v_until := CASE
        WHEN v_sqlstate = 'SF001' THEN clock_timestamp() + interval '1 minute'
        WHEN v_sqlstate IN ('SF003', 'SF004') THEN
            clock_timestamp() + interval '1 minute' * least(power(2, least(v_count, 10) - 1), 15)
    END;
    UPDATE sffdw.connection c
    SET last_error = caught ->> 'message',
        last_error_at = clock_timestamp(),
        state = coalesce(v_state, c.state),
        throttle_count = v_count,
        throttled_until = greatest(c.throttled_until, v_until),
        -- What the budget refuses to polls it may grant to writes.
        write_pause_until = CASE
            WHEN is_write OR v_sqlstate <> 'SF003' THEN greatest(c.write_pause_until, v_until)
            ELSE c.write_pause_until
        END
    WHERE c.connection_id = record_connection_error.connection_id
    AND c.state <> 'RECOVERY';
    -- Told of once, not at each try.
    IF FOUND AND v_state <> v_before.state THEN
        PERFORM sffdw.log_event(connection_id, 'CONNECTION STOPPED', caught ->> 'message', 'ERROR');
        PERFORM sffdw.notify(connection_id, 'connection-error', caught ->> 'message');
    ELSIF FOUND AND v_count > 0 AND v_before.throttle_count = 0 THEN
        PERFORM sffdw.log_event(connection_id, 'CALLS THROTTLED', v_text, 'WARNING');
        PERFORM sffdw.notify(connection_id, 'calls-throttled', v_text);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.record_connection_error(integer, jsonb, boolean) IS
    'Note a caught error on the connection: its state and a notification where the whole connection is concerned; '
    'where the login is, a pause of a minute, and where a limit is, one that doubles up to 15 minutes. A budget that '
    'polls have used up does not stop writes.';

CREATE FUNCTION sffdw.end_throttle(connection_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.connection c
    SET throttle_count = 0,
        throttled_until = NULL,
        write_pause_until = NULL
    WHERE c.connection_id = end_throttle.connection_id
    AND c.throttle_count > 0
    AND coalesce(c.throttled_until <= clock_timestamp(), true)
    AND coalesce(c.write_pause_until <= clock_timestamp(), true);
$function$;

COMMENT ON FUNCTION sffdw.end_throttle(integer) IS
    'Forget earlier refusals after calls have been accepted again.';

COMMIT;
