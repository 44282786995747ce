-- Deploy sffdw:functions/finish_ingest to pg
-- requires: functions/choose_ingest
-- requires: functions/pace_look
-- requires: functions/send_batch

BEGIN;

CREATE FUNCTION sffdw.return_entries(
    connection  sffdw.connection,
    job         sffdw.ingest_job,
    phase       text,
    status_code text,
    reason      text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE sffdw.write_claim c
    SET phase = return_entries.phase,
        next_try_at = clock_timestamp(),
        http_status = NULL,
        status_code = return_entries.status_code,
        message = reason
    WHERE c.connection_id = connection.connection_id
    AND c.batch_id = job.batch_id
    AND c.phase = 'in_job';
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = 'NEW', updated_at = clock_timestamp()
        FROM sffdw.write_claim c
        WHERE c.connection_id = $1
        AND c.batch_id = $2
        AND c.phase = 'waiting'
        AND l.id = c.entry_id
        AND l.state = 'PENDING'
    $query$, connection.schema_name)
    USING connection.connection_id, job.batch_id;
END
$function$;

COMMENT ON FUNCTION sffdw.return_entries(sffdw.connection, sffdw.ingest_job, text, text, text) IS
    'Take a job''s unanswered entries out of it: waiting, to be sent by ordinary requests, or doubtful, to be asked about.';

CREATE FUNCTION sffdw.close_job(connection sffdw.connection, job sffdw.ingest_job, error text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.log_batch(connection, job.batch_id, job.started_at, error, job.call_count, job.byte_count);
    DELETE FROM sffdw.ingest_job j
    WHERE j.job_number = job.job_number;
    PERFORM sffdw.look_again(connection.connection_id);
END
$function$;

COMMENT ON FUNCTION sffdw.close_job(sffdw.connection, sffdw.ingest_job, text) IS
    'Forget a job whose entries are answered or returned, and enter it into sync_run: its call_count and byte_count are '
    'where this session''s own would have been when it began.';

CREATE FUNCTION sffdw.read_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- All of these are as many as the job has rows, which the planner does not know: some ten thousand loops over as many.
SET enable_nestloop = 'off'
AS $function$
BEGIN
    -- Rows come in no order. Those with equal values, which only plain inserts have, take one result each.
    EXECUTE format($query$
        WITH result AS MATERIALIZED (
            SELECT r.*, row_number() OVER (PARTITION BY r.record_key ORDER BY r.success) AS place
            FROM (
                SELECT i.*, CASE WHEN $4 = 'insert' THEN md5(i.record::text) ELSE i.record ->> $5 END AS record_key
                FROM %1$I._ingest_results i
                WHERE i.job_id = %2$L
                AND i._purpose = 'write'
                AND i._mapping = %3$L
            ) r
        ), sent AS MATERIALIZED (
            SELECT g.entry_id, g.record_key,
                   row_number() OVER (PARTITION BY g.record_key ORDER BY g.entry_id) AS place
            FROM sffdw.ingest_record g
            WHERE g.job_number = $1
        ), verdict AS MATERIALIZED (
            SELECT s.entry_id, r.*, CASE WHEN r.success IS NULL THEN NULL WHEN r.created THEN 201
                                         WHEN r.success THEN 200 ELSE 400 END AS http_status,
                   CASE WHEN r.success IS NULL THEN 'again' ELSE sffdw.judge_answer(
                       r.success, $4, r.status_code, 400, r.transient, c.passing_count + 1 < $6) END AS verdict
            FROM sent s
            JOIN result r ON r.record_key = s.record_key AND r.place = s.place
            JOIN sffdw.write_claim c ON c.connection_id = $2 AND c.entry_id = s.entry_id
        )
        UPDATE sffdw.write_claim c
        SET phase = CASE v.verdict WHEN 'again' THEN 'waiting' ELSE 'answered' END,
            final_state = CASE v.verdict WHEN 'accepted' THEN 'SUCCESS' WHEN 'rejected' THEN 'FAILED' END,
            next_try_at = CASE WHEN v.verdict = 'again' THEN clock_timestamp() END,
            passing_count = c.passing_count + (v.success IS FALSE AND v.verdict = 'again')::integer,
            record_id = v.record_id,
            is_created = v.created,
            http_status = v.http_status,
            status_code = v.status_code,
            message = v.message,
            fields = v.fields
        FROM verdict v
        WHERE c.connection_id = $2
        AND c.batch_id = $3
        AND c.phase = 'in_job'
        AND c.entry_id = v.entry_id
    $query$, connection.live_schema_name, job.job_id, job.object_name)
    USING job.job_number, connection.connection_id, job.batch_id, job.operation,
          coalesce(job.external_id_field, 'Id'), sffdw.sync_setting(connection.options, 'row_lock_attempts');
    PERFORM sffdw.note_answers(connection, job.batch_id);
END
$function$;

COMMENT ON FUNCTION sffdw.read_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Read what became of each row of a job that is over, and note it on the claims: what was not processed, and what '
    'Salesforce calls passing, goes out in ordinary requests.';

CREATE FUNCTION sffdw.finish_ingest(connection sffdw.connection, job sffdw.ingest_job)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_counts record;
BEGIN
    PERFORM sffdw.read_ingest(connection, job);
    PERFORM sffdw.return_entries(connection, job, 'doubtful', NULL, 'the Bulk job has no result for it');
    PERFORM sffdw.doubt_rejections(connection, job.batch_id);
    SELECT count(*) FILTER (WHERE c.final_state = 'SUCCESS') AS accepted,
           count(*) FILTER (WHERE c.final_state = 'FAILED') AS rejected,
           count(*) FILTER (WHERE c.phase = 'waiting') AS returned,
           count(*) FILTER (WHERE c.phase = 'doubtful') AS doubtful
    INTO v_counts
    FROM sffdw.write_claim c
    WHERE c.connection_id = connection.connection_id
    AND c.batch_id = job.batch_id;
    PERFORM sffdw.close_job(connection, job, CASE WHEN job.state <> 'JobComplete' THEN
        format('Bulk job "%s" is %s: %s', job.job_id, job.state, coalesce(job.message, 'no reason given')) END);
    PERFORM sffdw.log_event(
        connection.connection_id, 'BULK WRITE',
        format('%s of %s through Bulk job %s, %s%s: %s accepted, %s rejected, %s to be sent again, %s in doubt',
               job.operation, job.object_name, job.job_id, job.state, coalesce(': ' || job.message, ''),
               v_counts.accepted, v_counts.rejected, v_counts.returned, v_counts.doubtful),
        CASE WHEN job.state = 'JobComplete' AND v_counts.doubtful = 0 THEN 'INFO' ELSE 'ERROR' END,
        job.object_name, job.entry_count);
    PERFORM sffdw.end_throttle(connection.connection_id);
END
$function$;

COMMENT ON FUNCTION sffdw.finish_ingest(sffdw.connection, sffdw.ingest_job) IS
    'Answer the entries of a job that is over. Whatever has no result is in doubt and asked about.';

COMMIT;
