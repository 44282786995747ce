-- Deploy sffdw:functions/load_rule to pg
-- requires: functions/load_stage
-- requires: functions/log_event
-- requires: functions/sync_setting
-- requires: tables/load_chunk

BEGIN;

CREATE FUNCTION sffdw.load_rule(sqlstate text, error_count integer, job_count integer, has_job boolean)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN sqlstate = 'SF016' THEN 'through REST'
        WHEN sqlstate IN ('SF005', 'SF006') AND error_count < 3 THEN 'again'
        -- SF008: a field that was mapped since the job was created.
        WHEN has_job AND sqlstate IN ('SF005', 'SF006', 'SF008', 'SF015') AND job_count < 4 THEN 'new job'
        ELSE 'give up'
    END;
$function$;

COMMENT ON FUNCTION sffdw.load_rule(text, integer, integer, boolean) IS
    'Say what to do about an error of a chunk, by its SQLSTATE, the errors in a row before it, the jobs tried so far, and '
    'whether there is one. '
    'again: the same step after a pause, the job''s state asked anew; new job: the chunk from its beginning, which the '
    'other chunks do not feel; through REST: the whole load; give up: the load is in error, and begins its open chunks '
    'anew when the mapping is next polled.';

CREATE FUNCTION sffdw.poll_through_rest(mapping sffdw.mapping)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping m
    SET phase = 'changes', state = 'POLLING_SF_CHANGES'
    WHERE m.mapping_id = mapping.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.poll_through_rest(sffdw.mapping) IS
    'Have a poll that cannot go on through Bulk go on through REST, where it was before: the cursor has not moved.';

CREATE FUNCTION sffdw.apply_load_rule(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    chunk      sffdw.load_chunk,
    caught     jsonb
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rule  text := sffdw.load_rule(caught ->> 'sqlstate', chunk.error_count, chunk.job_count,
                                    chunk.job_id IS NOT NULL);
    v_text  text := concat_ws(': ', caught ->> 'message', nullif(caught ->> 'detail', ''));
    v_pause interval := make_interval(secs => sffdw.sync_setting(connection.options, 'bulk_pause_ms') / 1000.0);
BEGIN
    IF mapping.phase = 'bulk_changes' AND v_rule IN ('through REST', 'give up') THEN
        PERFORM sffdw.poll_through_rest(mapping);
        v_rule := 'through REST';
    END IF;
    CASE v_rule
        WHEN 'again' THEN
            UPDATE sffdw.load_chunk c
            SET error_count = c.error_count + 1,
                error = v_text,
                job_state = CASE WHEN c.job_id IS NOT NULL THEN 'UploadComplete' END,
                look_at = clock_timestamp() + v_pause * 2 ^ c.error_count
            WHERE c.mapping_id = chunk.mapping_id
            AND c.chunk_number = chunk.chunk_number;
        WHEN 'new job' THEN
            PERFORM sffdw.forget_job(chunk, v_text, v_pause);
        WHEN 'through REST' THEN
            UPDATE sffdw.mapping m
            SET phase = 'load', load_transport = 'REST', load_cursor = '', load_rows_done = 0
            WHERE m.mapping_id = chunk.mapping_id
            AND m.phase = 'bulk';
            DELETE FROM sffdw.load_chunk c
            WHERE c.mapping_id = chunk.mapping_id;
            IF mapping.load_is_staged THEN
                PERFORM sffdw.clear_load_stage(connection, mapping, NULL, NULL);
            END IF;
        ELSE
            RETURN false;
    END CASE;
    PERFORM sffdw.log_event(mapping.connection_id, 'BULK LOAD ' || upper(v_rule), v_text, 'WARNING',
                            mapping.object_name);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_load_rule(sffdw.connection, sffdw.mapping, sffdw.load_chunk, jsonb) IS
    'Do what load_rule says about an error and tell of it; false: give up.';

CREATE FUNCTION sffdw.forget_job(chunk sffdw.load_chunk, reason text, pause interval)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.load_chunk c
    SET job_id = NULL, job_state = NULL, locator = '', row_count = 0, processed_count = NULL, error_count = 0,
        error = reason, look_at = clock_timestamp() + pause * 2 ^ c.job_count
    WHERE c.mapping_id = chunk.mapping_id
    AND c.chunk_number = chunk.chunk_number;
$function$;

COMMENT ON FUNCTION sffdw.forget_job(sffdw.load_chunk, text, interval) IS
    'Have a chunk begin anew with another job, after a pause.';

CREATE FUNCTION sffdw.renew_chunks(mapping_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.load_chunk c
    SET job_id = NULL, job_state = NULL, locator = '', row_count = 0, processed_count = NULL, error_count = 0,
        look_at = NULL, job_count = least(c.job_count, 1)
    FROM (
        SELECT o.chunk_number
        FROM sffdw.load_chunk o
        WHERE o.mapping_id = renew_chunks.mapping_id
        AND o.done_at IS NULL
        AND (o.job_count >= 4 OR o.job_id IS NULL)
        FOR NO KEY UPDATE SKIP LOCKED
    ) o
    WHERE c.mapping_id = renew_chunks.mapping_id
    AND c.chunk_number = o.chunk_number;
$function$;

COMMENT ON FUNCTION sffdw.renew_chunks(integer) IS
    'Let chunks whose jobs were given up have new ones when their mapping is next polled.';

COMMIT;
