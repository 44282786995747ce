-- Deploy sffdw:procedures/maintain to pg
-- requires: functions/archive_entries
-- requires: functions/start_run

BEGIN;

-- A thin loop that locks, calls a function, commits, as sffdw.poll.
CREATE PROCEDURE sffdw.maintain(at timestamptz DEFAULT NULL, connection_name text DEFAULT 'salesforce')
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_run  record;
    v_step record;
BEGIN
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    v_run := sffdw.start_maintain(connection_name);
    IF NOT v_run.is_running THEN
        RETURN;
    END IF;
    LOOP
        v_step := sffdw.maintain_step(v_run.connection_id, at);
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        EXIT WHEN NOT v_step.has_more;
    END LOOP;
    PERFORM sffdw.end_run(v_run.connection_id, 'maintain', 0, v_step.caught);
END
$procedure$;

COMMENT ON PROCEDURE sffdw.maintain(timestamptz, text) IS
    'Keep a connection''s tables short: move settled entries of the trigger log to the archive, purge what is older '
    'than 30 days, trim pg_cron''s list of runs; copy the counts of API calls into api_usage. Once in '
    'compare_interval_s compare the Ids of each mapping with those in Salesforce, a call for each 2,000, so that the '
    'next poll repairs what all others missed. Raises insufficient_privilege, undefined_object.';

COMMIT;
