-- Deploy sffdw:functions/poll_step to pg
-- requires: functions/caught_error
-- requires: functions/compare_step
-- requires: functions/count_calls
-- requires: functions/discard_page
-- requires: functions/read_deleted
-- requires: functions/refuse_unreadable
-- requires: functions/find_mapping
-- requires: functions/load_chunk
-- requires: functions/poll_job
-- requires: functions/retry_deferred
-- requires: functions/schema_step
-- requires: functions/start_run
-- requires: functions/sweep_page

BEGIN;

CREATE TYPE sffdw.run_bill AS (
    run_id       bigint,
    sweep_run_id bigint,
    opened_at    timestamptz,
    call_count   bigint,
    byte_count   bigint
);

COMMENT ON TYPE sffdw.run_bill IS 'A mapping''s run and what this session had spent since it began, at that time.';

CREATE FUNCTION sffdw.due_mappings(connection_id integer, object_name text, force boolean, at timestamptz)
RETURNS integer[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_due_at     timestamptz := coalesce(at, clock_timestamp());
    v_ids        integer[];
BEGIN
    SELECT c.* INTO v_connection FROM sffdw.connection c WHERE c.connection_id = due_mappings.connection_id;
    IF v_connection.paused_in THEN
        IF force THEN
            RAISE NOTICE 'connection "%" is paused: nothing is read', v_connection.connection_name
                USING HINT = 'Run sffdw.resume first.';
        END IF;
        RETURN '{}';
    ELSIF v_connection.throttled_until > clock_timestamp() AND NOT force THEN
        RETURN '{}';
    END IF;
    SELECT coalesce(array_agg(m.mapping_id ORDER BY m.next_poll_at NULLS FIRST, m.mapping_id), '{}')
    INTO v_ids
    FROM sffdw.mapping m
    WHERE m.connection_id = v_connection.connection_id
    AND (due_mappings.object_name IS NULL OR lower(m.object_name) = lower(due_mappings.object_name))
    AND (force OR coalesce(m.next_poll_at, '-infinity') <= v_due_at OR sffdw.has_field_sweep(m.mapping_id)
         OR sffdw.has_discard(m.mapping_id) OR sffdw.is_hastened(v_connection, m, v_due_at))
    -- Its policy pauses it until a person has decided; a gone object is looked for by the schema check.
    AND m.state <> 'SCHEMA_CHANGED'
    AND (force OR NOT EXISTS (
        SELECT FROM sffdw.mapping_schema s WHERE s.mapping_id = m.mapping_id AND s.gone_at IS NOT NULL));
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.due_mappings(integer, text, boolean, timestamptz) IS
    'Return the mappings to be polled, the longest overdue first: all, or the one named, if forced; else those due at '
    'that time or with columns that are being read again or changes that are being taken back. None while reading is '
    'paused or a limit is exhausted.';

CREATE FUNCTION sffdw.advance_mapping(mapping_id integer, force boolean, called_at timestamptz, due_at timestamptz)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_mapping    sffdw.mapping;
BEGIN
    -- The chunks of a load through Bulk are locked one by one: several sessions load one object at once.
    IF EXISTS (SELECT FROM sffdw.mapping m
               WHERE m.mapping_id = advance_mapping.mapping_id AND m.phase = 'bulk' AND m.load_cursor IS NOT NULL)
    AND NOT sffdw.is_load_over(mapping_id) THEN
        RETURN sffdw.advance_load(mapping_id, force, due_at);
    END IF;
    -- One step at a time, whoever makes it: a second poller goes on where the first one is.
    SELECT m.* INTO v_mapping FROM sffdw.mapping m
    WHERE m.mapping_id = advance_mapping.mapping_id
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = advance_mapping.mapping_id)
                    THEN 'busy' ELSE 'done' END;
    END IF;
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = v_mapping.connection_id;
    PERFORM sffdw.refuse_recovery(v_connection);
    -- What another mapping met just now concerns this one too.
    IF NOT force AND v_connection.throttled_until > clock_timestamp() THEN
        RETURN 'done';
    END IF;
    IF v_mapping.run_id IS NULL AND v_mapping.phase IS NOT NULL THEN
        UPDATE sffdw.mapping m
        SET run_id = sffdw.open_sync_run(v_mapping, CASE WHEN m.load_began_at IS NULL THEN 'poll' ELSE 'load' END)
        WHERE m.mapping_id = v_mapping.mapping_id
        RETURNING m.* INTO v_mapping;
    END IF;
    CASE
        WHEN v_mapping.load_cursor IS NULL
        AND (v_mapping.state IN ('INITIAL', 'RESYNC') OR v_mapping.watermark_at IS NULL OR v_mapping.phase = 'load')
            THEN PERFORM sffdw.begin_load(v_connection, v_mapping);
        WHEN sffdw.lacks_load(v_connection, v_mapping) THEN PERFORM sffdw.begin_load(v_connection, v_mapping);
        WHEN v_mapping.phase = 'load' THEN PERFORM sffdw.load_page(v_connection, v_mapping);
        WHEN v_mapping.phase = 'bulk' THEN PERFORM sffdw.end_reading(v_connection, v_mapping);
        WHEN v_mapping.phase = 'replace' THEN PERFORM sffdw.replace_rows(v_connection, v_mapping);
        WHEN v_mapping.phase = 'index' THEN PERFORM sffdw.finish_indexes(v_connection, v_mapping);
        WHEN v_mapping.phase = 'changes' THEN PERFORM sffdw.poll_page(v_connection, v_mapping, force, due_at);
        WHEN v_mapping.phase = 'bulk_changes' THEN
            IF NOT sffdw.advance_poll_job(v_connection, v_mapping, force, due_at) THEN
                RETURN 'busy';
            END IF;
        WHEN v_mapping.phase = 'recent' THEN PERFORM sffdw.recent_page(v_connection, v_mapping, force, due_at);
        WHEN v_mapping.phase = 'compare' THEN PERFORM sffdw.compare_page(v_connection, v_mapping, force, due_at);
        WHEN v_mapping.phase = 'deletes' THEN PERFORM sffdw.read_deleted(v_connection, v_mapping, due_at);
        WHEN v_mapping.phase = 'verify' THEN PERFORM sffdw.compare_in_poll(v_connection, v_mapping, due_at);
        WHEN v_mapping.phase = 'deferred' THEN PERFORM sffdw.retry_deferred(v_connection, v_mapping, force, due_at);
        WHEN sffdw.discard_page(v_connection, v_mapping) THEN NULL;
        WHEN force AND v_mapping.last_poll_at >= called_at OR NOT force AND v_mapping.next_poll_at > due_at
        AND NOT sffdw.is_hastened(v_connection, v_mapping, due_at) THEN
            IF NOT sffdw.has_field_sweep(v_mapping.mapping_id) THEN
                RETURN 'done';
            END IF;
            PERFORM sffdw.sweep_page(v_connection, v_mapping);
            -- A loop goes on to the other mappings between pages.
            RETURN CASE WHEN force THEN 'more' ELSE 'done' END;
        ELSE PERFORM sffdw.open_window(v_connection, v_mapping, due_at);
    END CASE;
    RETURN sffdw.next_turn(v_mapping, force, due_at);
END
$function$;

COMMENT ON FUNCTION sffdw.advance_mapping(integer, boolean, timestamptz, timestamptz) IS
    'Make the next step of a mapping''s load or poll and say how it stands: more is to do, the others have their turn '
    'first (yield), it is done (a whole poll begun after the call, if forced), or another session, or Salesforce, is '
    'busy with it.';

CREATE FUNCTION sffdw.record_poll_error(mapping_id integer, caught jsonb, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping      sffdw.mapping;
    v_text         text := concat_ws(': ', caught ->> 'message', nullif(caught ->> 'detail', ''));
    v_is_capped    boolean := caught ->> 'sqlstate' = 'SF003' AND sffdw.is_capped(mapping_id);
    v_concerns_all boolean;
BEGIN
    SELECT m.* INTO v_mapping FROM sffdw.mapping m WHERE m.mapping_id = record_poll_error.mapping_id;
    -- The budget stops loads and sweeps before it stops polls.
    v_concerns_all := caught ->> 'sqlstate' IN ('SF001', 'SF002', 'SF004')
                      OR caught ->> 'sqlstate' = 'SF003' AND NOT v_is_capped
                         AND coalesce(v_mapping.phase NOT IN ('load', 'bulk'), false);
    PERFORM sffdw.close_sync_run(v_mapping, 'error', v_text);
    UPDATE sffdw.mapping m
    SET state = CASE
            -- These are requests too, not yet begun.
            WHEN m.load_cursor IS NULL AND m.state IN ('INITIAL', 'RESYNC') THEN m.state
            WHEN caught ->> 'sqlstate' = 'SF001' THEN sffdw.error_state(caught)
            WHEN caught ->> 'sqlstate' IN ('SF007', 'SF008', 'SF009') THEN 'BAD_CONFIG'
            WHEN m.phase = 'bulk' AND caught ->> 'sqlstate' IN ('SF005', 'SF006', 'SF015') THEN 'BULK_LOAD_ERROR'
            ELSE 'SYSTEM_ERROR'
        END,
        state_description = v_text,
        last_error = v_text,
        -- Tried again soon, then less and less: an outage costs few calls.
        next_poll_at = CASE
            WHEN v_is_capped THEN (date_trunc('day', due_at AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC'
            ELSE due_at + least(
                least(m.poll_interval, interval '30 seconds') * power(2, least(m.error_count, 10)),
                interval '5 minutes')
        END,
        error_count = m.error_count + 1,
        run_id = NULL
    WHERE m.mapping_id = v_mapping.mapping_id;
    PERFORM sffdw.renew_chunks(v_mapping.mapping_id);
    IF v_concerns_all THEN
        PERFORM sffdw.record_connection_error(v_mapping.connection_id, caught, false);
    END IF;
    -- The same error is logged at the first, second, third, fifth, ninth time and so on: each run tells of it too.
    IF v_text IS DISTINCT FROM v_mapping.last_error OR v_mapping.error_count & (v_mapping.error_count - 1) = 0 THEN
        PERFORM sffdw.log_event(v_mapping.connection_id, 'POLL ERROR', v_text, 'ERROR', v_mapping.object_name);
    END IF;
    -- One notification an outage, not one a poll; of limits the connection tells.
    IF v_mapping.last_error IS NULL AND NOT (v_concerns_all AND caught ->> 'sqlstate' IN ('SF003', 'SF004')) THEN
        PERFORM sffdw.notify(v_mapping.connection_id, 'mapping-error', format('%s: %s', v_mapping.object_name, v_text));
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.record_poll_error(integer, jsonb, timestamptz) IS
    'Note an error that a step caught: on the mapping as its state, in its run, in the log, and once as a '
    'notification.';

CREATE FUNCTION sffdw.open_bill(mapping_id integer)
RETURNS sffdw.run_bill
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_bill sffdw.run_bill;
BEGIN
    SELECT m.run_id, coalesce((sffdw.find_release(m.mapping_id)).run_id, (
               SELECT s.run_id
               FROM sffdw.field_sweep s
               WHERE s.mapping_id = m.mapping_id
               ORDER BY s.purpose
               LIMIT 1
           )), clock_timestamp(), o.call_count, o.byte_count
    INTO v_bill
    FROM sffdw.mapping m
    JOIN sffdw.connection c USING (connection_id)
    CROSS JOIN LATERAL sffdw.own_calls(c) o
    WHERE m.mapping_id = open_bill.mapping_id;
    RETURN v_bill;
END
$function$;

COMMENT ON FUNCTION sffdw.open_bill(integer) IS
    'Return, before a step of a mapping, its run and what this session has spent.';

CREATE FUNCTION sffdw.charge_run(mapping_id integer, before sffdw.run_bill)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now sffdw.run_bill;
BEGIN
    IF before.call_count IS NULL THEN
        RETURN;
    END IF;
    v_now := sffdw.open_bill(mapping_id);
    -- A step may open a run and end it.
    UPDATE sffdw.sync_run r
    SET call_count = r.call_count + v_now.call_count - before.call_count,
        byte_count = r.byte_count + v_now.byte_count - before.byte_count
    WHERE r.run_id = coalesce(before.run_id, (
        SELECT max(n.run_id)
        FROM sffdw.sync_run n
        JOIN sffdw.mapping m USING (connection_id, object_name)
        WHERE m.mapping_id = charge_run.mapping_id
        AND n.started_at >= before.opened_at
        AND n.purpose <> 'write'), before.sweep_run_id)
    AND v_now.call_count > before.call_count;
END
$function$;

COMMENT ON FUNCTION sffdw.charge_run(integer, sffdw.run_bill) IS
    'Add to a mapping''s run what the step since then has cost, a failed one too.';

CREATE FUNCTION sffdw.poll_step(
    mapping_id    integer,
    force         boolean,
    called_at     timestamptz,
    at            timestamptz,
    OUT progress  text,
    OUT caught    jsonb
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- Stages are new and the log moves fast: estimates are far too high, and compiling takes longer than running.
SET jit = off
AS $function$
DECLARE
    v_due_at   timestamptz := coalesce(at, clock_timestamp());
    v_bill     sffdw.run_bill;
    v_sqlstate text;
    v_message  text;
    v_detail   text;
    v_hint     text;
BEGIN
    v_bill := sffdw.open_bill(mapping_id);
    progress := sffdw.advance_mapping(mapping_id, force, called_at, v_due_at);
    PERFORM sffdw.charge_run(mapping_id, v_bill);
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                            v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    IF v_sqlstate IN ('SF007', 'SF008', 'SF009') THEN
        progress := sffdw.follow_refusal(mapping_id, v_message, v_due_at);
        IF progress IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;
    -- After the one error about another org each further call would read that org.
    progress := CASE WHEN v_sqlstate IN ('57014', 'SF002') THEN 'cancelled' ELSE 'failed' END;
    caught := jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail, 'hint', v_hint);
    IF v_sqlstate <> '57014' THEN
        PERFORM sffdw.record_poll_error(mapping_id, caught, v_due_at);
        PERFORM sffdw.refuse_unreadable(m.connection_id, v_sqlstate)
        FROM sffdw.mapping m
        WHERE m.mapping_id = poll_step.mapping_id;
    END IF;
    PERFORM sffdw.charge_run(mapping_id, v_bill);
END
$function$;

COMMENT ON FUNCTION sffdw.poll_step(integer, boolean, timestamptz, timestamptz) IS
    'Make one step of a poll, to be committed by the caller. Errors do not leave it: they are returned, and noted on '
    'the mapping.';

CREATE FUNCTION sffdw.start_poll(
    connection_name   text,
    object_name       text,
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
    IF object_name IS NOT NULL THEN
        PERFORM sffdw.find_mapping(v_connection.connection_id, object_name);
    END IF;
    SELECT r.*
    INTO connection_id, is_running, started_at, deadline, caught
    FROM sffdw.start_run(connection_name, 'poll', lane, max_duration) r;
END
$function$;

COMMENT ON FUNCTION sffdw.start_poll(text, text, integer, interval) IS
    'Begin a poll as start_run does, once it is sure that the object is mapped. Raises undefined_object and what '
    'start_run raises.';

CREATE FUNCTION sffdw.judge_step(
    progress      text,
    step_caught   jsonb,
    deadline      timestamptz,
    OUT is_over   boolean,
    OUT is_on     boolean,
    OUT is_called boolean,
    OUT caught    jsonb
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_late boolean := coalesce(clock_timestamp() >= deadline, false);
BEGIN
    caught := step_caught;
    IF progress = 'busy' AND deadline IS NULL THEN
        caught := sffdw.rest(0.1);
        progress := CASE WHEN caught IS NULL THEN 'more' ELSE 'cancelled' END;
    ELSIF progress = 'yield' AND deadline IS NULL THEN
        -- One pass takes each mapping to its end.
        progress := 'more';
    ELSIF progress = 'failed' AND deadline IS NOT NULL THEN
        -- A loop goes on: the error is the mapping's state.
        caught := NULL;
    END IF;
    is_over := progress <> 'more' OR v_is_late;
    is_on := progress <> 'cancelled' AND NOT v_is_late;
    is_called := progress = 'yield';
END
$function$;

COMMENT ON FUNCTION sffdw.judge_step(text, jsonb, timestamptz) IS
    'Say after a poll''s step whether the loop leaves its mapping (is_over), whether it goes on at all (is_on), without '
    'a pause after this pass (is_called), and which error it is to raise in the end. With a deadline a mapping that '
    'another session is busy with is left to it.';

COMMIT;
