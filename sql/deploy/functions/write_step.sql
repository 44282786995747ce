-- Deploy sffdw:functions/write_step to pg
-- requires: functions/ingest_step
-- requires: functions/pace_look
-- requires: functions/prepare_entries
-- requires: functions/refuse_unreadable
-- requires: functions/restore_rows
-- requires: functions/send_batch
-- requires: functions/settle_doubt
-- requires: functions/start_run

BEGIN;

CREATE FUNCTION sffdw.write_step(
    connection_id integer,
    stage         text,
    batch_id      uuid,
    OUT has_done  boolean,
    OUT next_batch uuid,
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
    v_sqlstate text;
    v_message  text;
    v_detail   text;
    v_hint     text;
BEGIN
    CASE stage
        WHEN 'send' THEN
            caught := sffdw.send_batch(connection_id, batch_id);
            has_done := true;
        WHEN 'settle' THEN
            has_done := sffdw.settle_answers(connection_id);
        WHEN 'ask' THEN
            has_done := sffdw.settle_doubt(connection_id, NULL) OR sffdw.restore_rows(connection_id);
        WHEN 'prepare' THEN
            has_done := sffdw.prepare_entries(connection_id);
        WHEN 'ingest' THEN
            SELECT i.has_done, i.caught INTO has_done, caught FROM sffdw.ingest_step(connection_id) i;
        WHEN 'claim' THEN
            next_batch := sffdw.claim_entries(connection_id);
            has_done := next_batch IS NOT NULL;
    END CASE;
    IF has_done THEN
        PERFORM sffdw.outdate_looks(connection_id);
    END IF;
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                            v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    caught := jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail, 'hint', v_hint);
    has_done := false;
    -- A lock that was not to be had, or an entry that is set aside now, is no error: the step is made again.
    IF v_sqlstate IN ('55P03', '40P01', '40001') OR sffdw.refuse_unreadable(connection_id, v_sqlstate) THEN
        caught := NULL;
    ELSIF v_sqlstate <> '57014' THEN
        PERFORM sffdw.record_connection_error(connection_id, caught);
        -- What could not be asked about now is not asked about several times a second.
        UPDATE sffdw.write_claim c
        SET next_try_at = clock_timestamp() + interval '15 seconds'
        WHERE stage = 'ask'
        AND c.connection_id = write_step.connection_id
        AND c.phase = 'doubtful'
        AND coalesce(c.next_try_at, '-infinity') <= clock_timestamp();
        PERFORM sffdw.log_event(connection_id, 'WRITE STEP ERROR', format('%s: %s', stage, v_message), 'ERROR');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.write_step(integer, text, uuid) IS
    'Make one step of a write, to be committed by the caller: send the batch claimed before, settle answers, ask '
    'about doubts and read what rows are to take again, prepare ignored entries, go on with Bulk jobs, claim a batch. '
    'Errors do not leave it: they are returned, and noted on '
    'the connection.';

CREATE FUNCTION sffdw.has_open_writes(connection_id integer, until timestamptz)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_is_open    boolean;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = has_open_writes.connection_id;
    EXECUTE format($query$
        SELECT EXISTS (
            SELECT
            FROM %I._trigger_log l
            JOIN sffdw.write_claim c ON c.connection_id = $1 AND c.entry_id = l.id
            WHERE l.state = 'PENDING'
            AND l.created_at <= $2
            AND c.phase IN ('claimed', 'answered')
        )
    $query$, v_connection.schema_name)
    INTO v_is_open
    USING v_connection.connection_id, until;
    RETURN v_is_open;
END
$function$;

COMMENT ON FUNCTION sffdw.has_open_writes(integer, timestamptz) IS
    'Whether entries made until then are being sent by another session, or have an answer that awaits a row''s lock.';

CREATE FUNCTION sffdw.choose_stage(stage text, has_done boolean)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE stage
        WHEN 'settle' THEN 'ask'
        -- One question, then others are sent: after a crash there may be a lot in doubt.
        WHEN 'ask' THEN 'prepare'
        WHEN 'prepare' THEN 'ingest'
        WHEN 'ingest' THEN 'claim'
        WHEN 'claim' THEN CASE WHEN has_done THEN 'send' ELSE 'settle' END
        WHEN 'send' THEN 'settle'
    END;
$function$;

COMMENT ON FUNCTION sffdw.choose_stage(text, boolean) IS
    'Return the step of a write that follows another: settle, ask, prepare, ingest, claim, send, and around.';

CREATE FUNCTION sffdw.is_late_batch(connection_id integer, started_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_is_late    boolean;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = is_late_batch.connection_id;
    EXECUTE format($query$
        SELECT NOT EXISTS (
            SELECT
            FROM sffdw.write_claim c
            JOIN %I._trigger_log l ON l.id = c.entry_id
            WHERE c.connection_id = $1
            AND c.phase = 'claimed'
            AND c.claimant_pid = pg_backend_pid()
            AND l.created_at <= $2
        )
    $query$, v_connection.schema_name)
    INTO v_is_late
    USING v_connection.connection_id, started_at;
    RETURN v_is_late;
END
$function$;

COMMENT ON FUNCTION sffdw.is_late_batch(integer, timestamptz) IS
    'Whether all that this session has just claimed was captured after that time: nothing older can be sent now.';

CREATE FUNCTION sffdw.end_pass(
    connection_id  integer,
    stage          text,
    has_done       boolean,
    started_at     timestamptz,
    OUT next_stage text,
    OUT is_on      boolean,
    OUT idle       integer
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    next_stage := CASE WHEN stage IN ('settle', 'ask') AND has_done THEN 'settle'
                       ELSE sffdw.choose_stage(stage, has_done) END;
    is_on := true;
    idle := -1;
    IF next_stage = 'prepare' THEN
        idle := 0;
        is_on := sffdw.awaits_jobs(connection_id)
                 OR sffdw.has_open_writes(connection_id, started_at)
                    AND clock_timestamp() < started_at + interval '1 minute';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.end_pass(integer, text, boolean, timestamptz) IS
    'Say what comes next after the last batch of one pass: it is settled. The pass goes on, idle is 0, only for what is '
    'older than it and on its way.';

CREATE FUNCTION sffdw.judge_write(
    connection_id integer,
    stage         text,
    has_done      boolean,
    started_at    timestamptz,
    deadline      timestamptz,
    INOUT caught  jsonb,
    INOUT idle    integer,
    OUT next_stage text,
    OUT is_on      boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_round CONSTANT boolean := stage = 'claim' AND NOT has_done;
    v_rest     record;
BEGIN
    next_stage := sffdw.choose_stage(stage, has_done);
    -- After the one error about another org each further call would reach that org.
    is_on := coalesce(caught ->> 'sqlstate' NOT IN ('57014', 'SF002'), true);
    IF NOT is_on THEN
        RETURN;
    ELSIF deadline IS NOT NULL THEN
        -- A loop goes on: the error is noted on the connection.
        caught := NULL;
    END IF;
    -- Ten rounds of nothing but waiting for others make a second.
    idle := CASE WHEN idle < 0 THEN -1 WHEN has_done THEN 0 ELSE idle + v_is_round::integer END;
    -- Or one pass would go on for as long as an app writes.
    IF idle < 0 OR deadline IS NULL AND stage = 'claim' AND has_done
    AND sffdw.is_late_batch(connection_id, started_at) THEN
        SELECT e.next_stage, e.is_on, e.idle INTO next_stage, is_on, idle
        FROM sffdw.end_pass(connection_id, stage, has_done, started_at) e;
        RETURN;
    END IF;
    IF v_is_round AND idle > 1 THEN
        v_rest := sffdw.rest_until(coalesce(deadline, clock_timestamp() + interval '1 minute'),
                                   CASE WHEN deadline IS NULL THEN 0.1 ELSE 0.25 END);
        caught := coalesce(caught, v_rest.caught);
        is_on := v_rest.is_on AND (deadline IS NOT NULL
                                   OR idle < 100 AND sffdw.has_open_writes(connection_id, started_at)
                                   OR sffdw.awaits_jobs(connection_id)
                                   OR sffdw.end_looks(connection_id));
    END IF;
    -- What is claimed is sent, however late it is.
    is_on := is_on AND (stage = 'claim' AND has_done OR coalesce(clock_timestamp() < deadline, true));
END
$function$;

COMMENT ON FUNCTION sffdw.judge_write(
    integer, text, boolean, timestamptz, timestamptz, jsonb, integer) IS
    'Say after a step of a write what comes next and whether the loop goes on, and rest when there is nothing to do. '
    'One pass ends when nothing older than the call can be sent and no Bulk job is open; for up to ten seconds it waits '
    'for what other sessions are about to settle. idle: rounds without work; -1: the last batch is on its way.';

COMMIT;
