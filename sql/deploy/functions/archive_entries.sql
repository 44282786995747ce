-- Deploy sffdw:functions/archive_entries to pg
-- requires: functions/check_metadata
-- requires: functions/compare_step
-- requires: functions/count_calls
-- requires: functions/prepare_entries
-- requires: functions/sees_cron
-- requires: functions/settle_intents
-- requires: functions/start_run
-- requires: functions/sync_setting
-- requires: tables/conflict
-- requires: tables/mapping_progress
-- requires: tables/row_restore
-- requires: tables/schema_event
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.archive_entries(connection sffdw.connection, at timestamptz)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    -- A poll that began to read before an entry was settled needs it to know which columns keep their value.
    EXECUTE format($query$
        WITH done AS (
            DELETE FROM %1$I._trigger_log l
            USING (
                SELECT e.id
                FROM %1$I._trigger_log e
                LEFT JOIN sffdw.mapping m ON m.connection_id = $1 AND m.table_name = e.table_name
                WHERE e.state IN ('SUCCESS', 'MERGED', 'IGNORED', 'READONLY', 'REQUEUED')
                AND (coalesce(e.processed_at, e.updated_at, e.created_at) < m.last_poll_at
                     OR coalesce(e.processed_at, e.updated_at, e.created_at) < $2 - make_interval(secs => $3))
                -- What an app did while a load runs is not in what the load has read.
                AND coalesce(e.processed_at, e.updated_at, e.created_at)
                    < coalesce(m.load_began_at, 'infinity')
                OR e.state = 'FAILED'
                AND coalesce(e.processed_at, e.created_at) < $2 - make_interval(secs => $4)
                ORDER BY e.id
                LIMIT 10000
                FOR UPDATE OF e SKIP LOCKED
            ) o
            WHERE l.id = o.id
            RETURNING l.*
        ), kept AS (
            INSERT INTO %1$I._trigger_log_archive
            SELECT d.* FROM done d
            ON CONFLICT (id) DO NOTHING
        )
        SELECT count(*) FROM done
    $query$, connection.schema_name)
    INTO v_count
    USING connection.connection_id, at, sffdw.sync_setting(connection.options, 'archive_after_s'),
          sffdw.sync_setting(connection.options, 'failed_kept_s');
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.archive_entries(sffdw.connection, timestamptz) IS
    'Move entries that are done with to the archive, at most 10,000, and return their number: those settled before '
    'the last whole poll of their table began, or a quarter of an hour ago; rejected ones after a day.';

CREATE FUNCTION sffdw.purge_old(connection sffdw.connection, at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before timestamptz := at - make_interval(days => sffdw.sync_setting(connection.options, 'archive_kept_days'));
BEGIN
    -- What waited long, paused or held, is kept as long from its answer on.
    EXECUTE format('DELETE FROM %I._trigger_log_archive a '
                   'WHERE a.created_at < $1 AND coalesce(a.processed_at, a.created_at) < $1', connection.schema_name)
    USING v_before;
    DELETE FROM sffdw.log_entry e
    WHERE e.connection_id = connection.connection_id
    AND e.logged_at < v_before;
    DELETE FROM sffdw.sync_run r
    WHERE r.connection_id = connection.connection_id
    AND r.started_at < v_before;
    DELETE FROM sffdw.drift_record d
    USING sffdw.mapping m
    WHERE m.mapping_id = d.mapping_id
    AND m.connection_id = connection.connection_id
    AND d.repaired_at < v_before;
    DELETE FROM sffdw.conflict f
    USING sffdw.mapping m
    WHERE m.mapping_id = f.mapping_id
    AND m.connection_id = connection.connection_id
    AND f.at < v_before;
    DELETE FROM sffdw.row_restore r
    USING sffdw.mapping m
    WHERE m.mapping_id = r.mapping_id
    AND m.connection_id = connection.connection_id
    AND r.done_at < v_before;
    DELETE FROM sffdw.notification n
    WHERE n.connection_id = connection.connection_id
    AND n.created_at < v_before;
    DELETE FROM sffdw.schema_event e
    WHERE e.connection_id = connection.connection_id
    AND e.noted_at < v_before
    AND e.retry_at IS NULL;
    EXECUTE format($query$
        DELETE FROM sffdw.write_claim c
        WHERE c.connection_id = $1
        AND c.phase = 'failed'
        AND NOT EXISTS (SELECT FROM %1$I._trigger_log l WHERE l.id = c.entry_id AND l.state = 'FAILED')
        AND NOT EXISTS (SELECT FROM %1$I._trigger_log_archive l WHERE l.id = c.entry_id AND l.state = 'FAILED')
    $query$, connection.schema_name)
    USING connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.purge_old(sffdw.connection, timestamptz) IS
    'Delete what is older than the days kept: archived entries, log lines, runs, repaired drift, conflicts, '
    'notifications, schema events.';

CREATE FUNCTION sffdw.trim_job_runs(connection sffdw.connection, at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT sffdw.sees_cron() THEN
        RETURN;
    END IF;
    EXECUTE $query$
        DELETE FROM cron.job_run_details d
        USING cron.job j
        WHERE j.jobid = d.jobid
        AND starts_with(j.jobname, $1)
        -- Connection "a" leaves the runs of connection "a:b" alone.
        AND substr(j.jobname, length($1) + 1) ~ '^((poll:[0-9]+|write|changes)(:start)?|maintain)$'
        -- A server that was killed leaves runs without an end.
        AND coalesce(d.end_time, d.start_time) < $2 - interval '1 day'
    $query$
    USING format('sffdw:%s:', connection.connection_name), at;
END
$function$;

COMMENT ON FUNCTION sffdw.trim_job_runs(sffdw.connection, timestamptz) IS
    'Delete what pg_cron keeps of this connection''s jobs beyond a day, where the role may.';

CREATE FUNCTION sffdw.maintain_step(connection_id integer, at timestamptz, OUT has_more boolean, OUT caught jsonb)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
-- Stages are new and the log moves fast: estimates are far too high, and compiling takes longer than running.
SET jit = off
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_at         timestamptz := coalesce(at, clock_timestamp());
    v_sqlstate   text;
    v_message    text;
    v_detail     text;
    v_hint       text;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = maintain_step.connection_id;
    PERFORM sffdw.requeue_archived(v_connection);
    has_more := sffdw.archive_entries(v_connection, v_at) = 10000;
    IF NOT has_more THEN
        PERFORM sffdw.fold_calls(v_connection);
        PERFORM sffdw.settle_sync_writes(v_connection);
        PERFORM sffdw.purge_old(v_connection, v_at);
        PERFORM sffdw.trim_job_runs(v_connection, v_at);
        has_more := sffdw.compare_step(v_connection, v_at);
    END IF;
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                            v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    has_more := false;
    caught := jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail, 'hint', v_hint);
END
$function$;

COMMENT ON FUNCTION sffdw.maintain_step(integer, timestamptz) IS
    'Make one step of the upkeep, to be committed by the caller: requeue what someone asked for, archive, '
    'copy the counts of API calls, settle synchronous writes that were rolled back, purge; then compare one page of Ids of a mapping whose comparison is due. '
    'Errors are returned.';

CREATE FUNCTION sffdw.start_maintain(connection_name text, OUT connection_id integer, OUT is_running boolean)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    connection_id := v_connection.connection_id;
    is_running := sffdw.take_run_lock(v_connection.connection_id, 'maintain', 0);
END
$function$;

COMMENT ON FUNCTION sffdw.start_maintain(text) IS
    'Begin the upkeep of a connection, which must go on without Salesforce too: check who calls and take its lock. Raises '
    'insufficient_privilege, undefined_object.';

COMMIT;
