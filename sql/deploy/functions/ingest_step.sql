-- Deploy sffdw:functions/ingest_step to pg
-- requires: functions/finish_ingest

BEGIN;

CREATE FUNCTION sffdw.give_up_job(
    connection sffdw.connection,
    job        sffdw.ingest_job,
    caught     jsonb,
    pause      interval
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_reason CONSTANT text := concat_ws(': ', caught ->> 'message', nullif(caught ->> 'detail', ''));
    v_table  CONSTANT text := CASE caught ->> 'sqlstate' WHEN 'SF016' THEN job.table_name ELSE '' END;
BEGIN
    PERFORM sffdw.return_entries(connection, job, 'waiting', caught ->> 'sqlstate', v_reason);
    PERFORM sffdw.close_job(connection, job, v_reason);
    PERFORM sffdw.pause_ingest(connection.connection_id, v_table, clock_timestamp() + pause, v_reason);
    PERFORM sffdw.log_event(
        connection.connection_id, 'BULK WRITE ENDED',
        format('%s of %s through Bulk ended due to %s: they go out in ordinary requests', job.operation,
               job.object_name, v_reason), 'WARNING', job.object_name, job.entry_count);
END
$function$;

COMMENT ON FUNCTION sffdw.give_up_job(sffdw.connection, sffdw.ingest_job, jsonb, interval) IS
    'Return the entries of a job that Salesforce has surely not begun to carry out, and make no new ones for a time.';

CREATE FUNCTION sffdw.create_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_job_id text;
BEGIN
    EXECUTE format('INSERT INTO %I._bulk_jobs (operation, object_name, external_id_field, _purpose, _mapping) '
                   'VALUES (%L, %L, %L, ''write'', %L) RETURNING job_id', connection.live_schema_name, job.operation,
                   job.object_name, job.external_id_field, job.object_name)
    INTO STRICT v_job_id;
    UPDATE sffdw.ingest_job j
    SET phase = 'created', job_id = v_job_id
    WHERE j.job_number = job.job_number;
END
$function$;

COMMENT ON FUNCTION sffdw.create_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Create a job in Salesforce; its id commits here, before anything is uploaded. One whose id was lost holds nothing.';

CREATE FUNCTION sffdw.upload_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO %I._ingest_records (job_id, record, _purpose, _mapping)
        SELECT $1, g.record, 'write', $2
        FROM sffdw.ingest_record g
        WHERE g.job_number = $3
        ORDER BY g.entry_id
    $query$, connection.live_schema_name)
    USING job.job_id, job.object_name, job.job_number;
    UPDATE sffdw.ingest_job j
    SET phase = 'uploaded'
    WHERE j.job_number = job.job_number;
END
$function$;

COMMENT ON FUNCTION sffdw.upload_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Give a job its rows. A job takes them once: after an upload whose answer was lost it refuses another.';

CREATE FUNCTION sffdw.start_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- One that is not open any more was closed by an attempt that did not live to say so.
    EXECUTE format('UPDATE %I._bulk_jobs j SET state = ''UploadComplete'' WHERE j.job_id = %L AND j.operation = %L '
                   'AND j.state = ''Open'' AND j._purpose = ''write'' AND j._mapping = %L',
                   connection.live_schema_name, job.job_id, job.operation, job.object_name);
    UPDATE sffdw.ingest_job j
    SET phase = 'closed', look_at = clock_timestamp() + interval '0.1 seconds'
    WHERE j.job_number = job.job_number;
END
$function$;

COMMENT ON FUNCTION sffdw.start_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Have Salesforce carry a job out, unless it does already.';

CREATE FUNCTION sffdw.watch_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_found record;
BEGIN
    EXECUTE format('SELECT j.state, j.error_message FROM %I._bulk_jobs j WHERE j.job_id = %L AND j.operation = %L '
                   'AND j._purpose = ''write'' AND j._mapping = %L',
                   connection.live_schema_name, job.job_id, job.operation, job.object_name)
    INTO STRICT v_found;
    UPDATE sffdw.ingest_job j
    SET state = v_found.state,
        message = v_found.error_message,
        phase = CASE WHEN v_found.state IN ('JobComplete', 'Failed', 'Aborted') THEN 'over' ELSE j.phase END,
        look_count = j.look_count + 1,
        error_count = 0,
        -- Jobs end after seconds or after an hour; each look is an API call. A result waits for a seventh of the time
        -- that has passed at most.
        look_at = CASE WHEN v_found.state NOT IN ('JobComplete', 'Failed', 'Aborted') THEN
            clock_timestamp() + interval '0.2 seconds' * least(150, 1.15 ^ least(j.look_count, 36))
        END
    WHERE j.job_number = job.job_number;
END
$function$;

COMMENT ON FUNCTION sffdw.watch_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Ask how a job stands, and when to ask again.';

CREATE FUNCTION sffdw.abort_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Without being closed it would never be carried out: that it cannot be aborted now harms nobody.
    BEGIN
        EXECUTE format('UPDATE %I._bulk_jobs j SET state = ''Aborted'' WHERE j.job_id = %L AND j.operation = %L '
                       'AND j._purpose = ''write'' AND j._mapping = %L',
                       connection.live_schema_name, job.job_id, job.operation, job.object_name);
    EXCEPTION WHEN OTHERS THEN
        PERFORM sffdw.log_event(connection.connection_id, 'BULK JOB LEFT OPEN',
                                format('%s: %s', job.job_id, SQLERRM), 'WARNING', job.object_name);
    END;
END
$function$;

COMMENT ON FUNCTION sffdw.abort_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Abort a job that was never closed.';

CREATE FUNCTION sffdw.find_job_state(connection sffdw.connection, job sffdw.ingest_job)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_state text;
BEGIN
    EXECUTE format('SELECT j.state FROM %I._bulk_jobs j WHERE j.job_id = %L AND j.operation = %L '
                   'AND j._purpose = ''write'' AND j._mapping = %L',
                   connection.live_schema_name, job.job_id, job.operation, job.object_name)
    INTO STRICT v_state;
    RETURN v_state;
EXCEPTION WHEN OTHERS THEN
    -- Whoever asks has an error of his own, which is told.
    RETURN CASE SQLSTATE WHEN 'SF015' THEN 'Aborted' END;
END
$function$;

COMMENT ON FUNCTION sffdw.find_job_state(sffdw.connection, sffdw.ingest_job) IS
    'Return the state of a job, Aborted if Salesforce does not know it any more; NULL: it cannot be asked now.';

CREATE FUNCTION sffdw.judge_upload(connection sffdw.connection, job sffdw.ingest_job, caught jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_state CONSTANT text := sffdw.find_job_state(connection, job);
BEGIN
    -- A job that is not open was closed by the server that this database is a copy of.
    IF v_state = 'Aborted' THEN
        PERFORM sffdw.lose_job(connection, job, caught);
    ELSIF v_state <> 'Open' THEN
        UPDATE sffdw.ingest_job j
        SET phase = 'closed', look_at = clock_timestamp()
        WHERE j.job_number = job.job_number;
    ELSIF v_state IS NULL THEN
        UPDATE sffdw.ingest_job j
        SET error_count = j.error_count + 1,
            look_at = clock_timestamp() + interval '0.5 seconds' * least(120, 2 ^ least(j.error_count, 10))
        WHERE j.job_number = job.job_number;
    ELSE
        PERFORM sffdw.abort_ingest(connection, job);
        IF job.error_count >= 2 OR NOT sffdw.is_passing(caught ->> 'sqlstate') THEN
            PERFORM sffdw.give_up_job(connection, job, caught, interval '1 minute');
        ELSE
            UPDATE sffdw.ingest_job j
            SET phase = 'claimed', job_id = NULL, error_count = j.error_count + 1,
                look_at = clock_timestamp() + interval '0.5 seconds' * 4 ^ j.error_count
            WHERE j.job_number = job.job_number;
        END IF;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_upload(sffdw.connection, sffdw.ingest_job, jsonb) IS
    'Say what an upload that failed means: another job, or ordinary requests, if the job is still open; else its results '
    'are read, or its entries asked about.';

CREATE FUNCTION sffdw.lose_job(connection sffdw.connection, job sffdw.ingest_job, caught jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.return_entries(connection, job, 'doubtful', caught ->> 'sqlstate', caught ->> 'message');
    PERFORM sffdw.close_job(connection, job, caught ->> 'message');
    PERFORM sffdw.log_event(connection.connection_id, 'BULK WRITE LOST', caught ->> 'message', 'ERROR',
                            job.object_name, job.entry_count);
END
$function$;

COMMENT ON FUNCTION sffdw.lose_job(sffdw.connection, sffdw.ingest_job, jsonb) IS
    'Put the entries of a job in doubt that Salesforce tells nothing about any more.';

CREATE FUNCTION sffdw.judge_trouble(connection sffdw.connection, job sffdw.ingest_job, caught jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_lost CONSTANT boolean := caught ->> 'sqlstate' = 'SF015';
BEGIN
    PERFORM sffdw.record_connection_error(connection.connection_id, caught);
    IF job.phase = 'claimed' THEN
        PERFORM sffdw.give_up_job(connection, job, caught, CASE
            WHEN caught ->> 'sqlstate' = 'SF016' THEN interval '1 day'
            WHEN caught ->> 'detail' ~* 'quota|limit' THEN interval '15 minutes'
            ELSE interval '1 minute' END);
    ELSIF job.phase = 'created' THEN
        PERFORM sffdw.judge_upload(connection, job, caught);
    ELSIF v_is_lost OR job.phase = 'over' AND job.error_count >= 10 THEN
        PERFORM sffdw.lose_job(connection, job, caught);
    ELSE
        -- What may be under way is asked about for as long as it takes.
        UPDATE sffdw.ingest_job j
        SET error_count = j.error_count + 1,
            look_at = clock_timestamp() + interval '0.5 seconds' * least(120, 2 ^ least(j.error_count, 10))
        WHERE j.job_number = job.job_number;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_trouble(sffdw.connection, sffdw.ingest_job, jsonb) IS
    'Say what an error means for a job: before it is closed nothing has happened in Salesforce, and another job or '
    'ordinary requests carry its entries; afterwards it is asked about until its results are read or it is gone.';

CREATE FUNCTION sffdw.is_passing(sqlstate text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sqlstate IN ('SF005', 'SF006', 'SF015');
$function$;

COMMENT ON FUNCTION sffdw.is_passing(text) IS
    'Whether another attempt at an upload may do better: the connection was cut, or the job had its rows already.';

CREATE FUNCTION sffdw.make_job_step(connection sffdw.connection, job sffdw.ingest_job)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sqlstate text;
    v_message  text;
    v_detail   text;
    v_hint     text;
BEGIN
    CASE job.phase
        WHEN 'claimed' THEN
            PERFORM sffdw.create_ingest(connection, job);
        WHEN 'created' THEN
            PERFORM sffdw.upload_ingest(connection, job);
        WHEN 'uploaded' THEN
            PERFORM sffdw.start_ingest(connection, job);
        WHEN 'closed' THEN
            PERFORM sffdw.watch_ingest(connection, job);
        WHEN 'over' THEN
            PERFORM sffdw.finish_ingest(connection, job);
    END CASE;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                            v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    RETURN jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail, 'hint', v_hint);
END
$function$;

COMMENT ON FUNCTION sffdw.make_job_step(sffdw.connection, sffdw.ingest_job) IS
    'Make the next step of a job; return the error that it met, NULL if none.';

CREATE FUNCTION sffdw.ingest_step(connection_id integer, OUT has_done boolean, OUT caught jsonb)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_job        sffdw.ingest_job;
    v_before     record;
    v_after      record;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = ingest_step.connection_id;
    PERFORM sffdw.refuse_recovery(v_connection);
    SELECT j.*
    INTO v_job
    FROM sffdw.ingest_job j
    WHERE j.connection_id = ingest_step.connection_id
    AND coalesce(j.look_at, '-infinity') <= clock_timestamp()
    AND (j.phase IN ('closed', 'over') OR NOT v_connection.paused_out)
    ORDER BY j.look_at NULLS FIRST, j.job_number
    LIMIT 1
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        has_done := (SELECT count(*) < 2 FROM sffdw.ingest_job j WHERE j.connection_id = ingest_step.connection_id)
                    AND sffdw.choose_ingest(v_connection);
        RETURN;
    END IF;
    v_before := sffdw.own_calls(v_connection);
    -- What it costs is kept as the difference to this session's count.
    v_job.call_count := v_before.call_count - v_job.call_count;
    v_job.byte_count := v_before.byte_count - v_job.byte_count;
    caught := sffdw.make_job_step(v_connection, v_job);
    IF caught IS NOT NULL THEN
        PERFORM sffdw.judge_trouble(v_connection, v_job, caught);
        -- Trouble that passes, or that ordinary requests get round, is no error of the run.
        caught := CASE WHEN v_job.phase IN ('uploaded', 'closed', 'over') AND v_job.error_count >= 4 THEN caught END;
    END IF;
    v_after := sffdw.own_calls(v_connection);
    UPDATE sffdw.ingest_job j
    SET call_count = j.call_count + v_after.call_count - v_before.call_count,
        byte_count = j.byte_count + v_after.byte_count - v_before.byte_count
    WHERE j.job_number = v_job.job_number;
    has_done := true;
END
$function$;

COMMENT ON FUNCTION sffdw.ingest_step(integer) IS
    'Make one step of a Bulk job that is due, to be committed by the caller, or claim entries for a new one. Return '
    'whether anything was done, and an error that has lasted for some time. Raises SF002.';

COMMIT;
