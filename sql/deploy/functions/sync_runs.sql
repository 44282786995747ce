-- Deploy sffdw:functions/sync_runs to pg
-- requires: functions/merge_page
-- requires: tables/mapping_progress
-- requires: tables/sync_run

BEGIN;

CREATE FUNCTION sffdw.open_sync_run(mapping sffdw.mapping, purpose text)
RETURNS bigint
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO sffdw.sync_run (connection_id, object_name, purpose)
    VALUES (mapping.connection_id, mapping.object_name, purpose)
    RETURNING run_id;
$function$;

COMMENT ON FUNCTION sffdw.open_sync_run(sffdw.mapping, text) IS 'Begin a row of sync_run and return its id.';

CREATE FUNCTION sffdw.count_sync_run(
    run_id     bigint,
    read_count integer,
    merged     sffdw.merge_count
)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.sync_run r
    SET read_count = r.read_count + count_sync_run.read_count,
        inserted_count = r.inserted_count + merged.inserted_count,
        updated_count = r.updated_count + merged.updated_count,
        deleted_count = r.deleted_count + merged.deleted_count,
        unchanged_count = r.unchanged_count + merged.unchanged_count
    WHERE r.run_id = count_sync_run.run_id;
$function$;

COMMENT ON FUNCTION sffdw.count_sync_run(bigint, integer, sffdw.merge_count) IS
    'Add what a page brought to its run; poll_step adds what it cost.';

CREATE FUNCTION sffdw.close_sync_run(mapping sffdw.mapping, outcome text, error text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_run sffdw.sync_run;
BEGIN
    UPDATE sffdw.sync_run r
    SET ended_at = clock_timestamp(), outcome = close_sync_run.outcome, error = close_sync_run.error
    WHERE r.run_id = mapping.run_id
    AND r.ended_at IS NULL
    RETURNING r.* INTO v_run;
    -- A poll that found nothing is not worth a line.
    IF FOUND AND (v_run.purpose = 'load' OR v_run.inserted_count + v_run.updated_count + v_run.deleted_count > 0) THEN
        PERFORM sffdw.log_event(
            mapping.connection_id, upper(v_run.purpose) || ' ' || upper(outcome),
            format('%s read, %s inserted, %s updated, %s deleted, %s unchanged', v_run.read_count,
                   v_run.inserted_count, v_run.updated_count, v_run.deleted_count, v_run.unchanged_count),
            object_name => mapping.object_name, row_count => v_run.read_count,
            duration_ms => (extract(epoch FROM v_run.ended_at - v_run.started_at) * 1000)::bigint);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.close_sync_run(sffdw.mapping, text, text) IS
    'End the row of sync_run of a mapping''s load or poll, and log it if it changed anything.';

COMMIT;
