-- Deploy sffdw:functions/start_run to pg
-- requires: functions/caught_error
-- requires: functions/check_connection
-- requires: functions/find_connection
-- requires: functions/pace_look
-- requires: functions/require_owner
-- requires: functions/run_lock

BEGIN;

CREATE FUNCTION sffdw.run_deadline(max_duration interval, started_at timestamptz)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $function$
    -- pg_cron ticks at full minutes and queues the next run of a job: a loop that ends just after the tick is followed
    -- at once.
    SELECT CASE
        WHEN max_duration >= interval '1 minute' THEN
            date_trunc('minute', started_at + max_duration - interval '0.3 seconds') + interval '0.3 seconds'
        ELSE started_at + max_duration
    END;
$function$;

COMMENT ON FUNCTION sffdw.run_deadline(interval, timestamptz) IS
    'Return when a loop ends: after max_duration, or 0.3 s past the last full minute in it if it is a minute or more. '
    'NULL for one pass.';

CREATE FUNCTION sffdw.check_run(connection_id integer)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_caught   jsonb;
    v_problem  text;
    v_sqlstate text;
    v_message  text;
    v_detail   text;
    v_hint     text;
BEGIN
    BEGIN
        v_problem := sffdw.check_connection(connection_id);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                                v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
        v_caught := jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail,
                                       'hint', v_hint);
        PERFORM sffdw.record_connection_error(connection_id, v_caught);
        RETURN v_caught;
    END;
    IF v_problem IS NOT NULL THEN
        RETURN jsonb_build_object(
            'sqlstate', 'SF002', 'message', v_problem,
            'detail', 'Nothing is read, written or deleted until that is settled.');
    END IF;
    UPDATE sffdw.connection c
    SET state = CASE WHEN c.paused_in AND c.paused_out THEN 'PAUSED' ELSE 'IDLE' END, last_error = NULL, last_error_at = NULL, throttled_until = NULL,
        write_pause_until = NULL
    WHERE c.connection_id = check_run.connection_id
    AND c.state IN ('UNAUTHORIZED', 'SYSTEM_ERROR', 'NEED_AUTHENTICATION', 'DB_UNAVAILABLE', 'INACTIVE_ORG');
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.check_run(integer) IS
    'Make sure, once a run, that the org and this server are the connection''s own. Return what is wrong as caught '
    'error, noted on the connection; NULL: nothing.';

CREATE FUNCTION sffdw.start_run(
    connection_name   text,
    kind              text,
    lane              integer,
    max_duration      interval,
    OUT connection_id integer,
    OUT is_running    boolean,
    OUT started_at    timestamptz,
    OUT deadline      timestamptz,
    OUT caught        jsonb
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_recovery(v_connection);
    connection_id := v_connection.connection_id;
    started_at := clock_timestamp();
    deadline := sffdw.run_deadline(max_duration, started_at);
    is_running := sffdw.take_run_lock(v_connection.connection_id, kind, lane);
    IF is_running THEN
        IF kind = 'write' THEN
            PERFORM sffdw.look_again(v_connection.connection_id);
        END IF;
        caught := sffdw.check_run(v_connection.connection_id);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.start_run(text, text, integer, interval) IS
    'Begin a run of a kind in a lane: check who calls, take its lock, check org and server. is_running is false if '
    'another session holds the lock; caught says why the run must end at once, after end_run. Raises '
    'insufficient_privilege, undefined_object, SF002.';

CREATE FUNCTION sffdw.end_run(connection_id integer, kind text, lane integer, caught jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM pg_advisory_unlock(sffdw.run_lock_key(connection_id, kind, lane));
    IF caught IS NOT NULL THEN
        PERFORM sffdw.raise_caught(caught);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.end_run(integer, text, integer, jsonb) IS
    'End a run: give up its lock, then raise the error that it caught, if any.';

CREATE FUNCTION sffdw.rest(seconds double precision)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM pg_sleep(seconds);
    RETURN NULL;
EXCEPTION WHEN query_canceled THEN
    RETURN jsonb_build_object('sqlstate', SQLSTATE, 'message', SQLERRM);
END
$function$;

COMMENT ON FUNCTION sffdw.rest(double precision) IS
    'Sleep in a loop between two steps; return NULL, or the error if cancelled: the loop gives up its lock and raises '
    'it.';

CREATE FUNCTION sffdw.rest_until(deadline timestamptz, seconds double precision, OUT is_on boolean, OUT caught jsonb)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_left double precision := extract(epoch FROM deadline - clock_timestamp());
BEGIN
    -- Without a deadline one pass is all.
    is_on := coalesce(v_left > 0, false);
    IF is_on THEN
        caught := sffdw.rest(least(seconds, v_left));
        is_on := caught IS NULL AND clock_timestamp() < deadline;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.rest_until(timestamptz, double precision) IS
    'Sleep in a loop that has nothing to do, and say whether it goes on; caught is set if it was cancelled.';

COMMIT;
