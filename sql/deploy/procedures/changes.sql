-- Deploy sffdw:procedures/changes to pg
-- requires: functions/changes_step
-- requires: functions/start_run

BEGIN;

-- A thin loop that locks, calls a function, commits, as sffdw.poll.
CREATE PROCEDURE sffdw.changes(
    max_duration    interval DEFAULT NULL,
    connection_name text DEFAULT 'salesforce',
    lane            integer DEFAULT 0
)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_run    record;
    v_step   record;
    v_caught jsonb;
BEGIN
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    v_run := sffdw.start_run(connection_name, 'changes', lane, max_duration);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    IF NOT v_run.is_running THEN
        RETURN;
    END IF;
    v_caught := v_run.caught;
    WHILE v_caught IS NULL LOOP
        v_step := sffdw.changes_step(v_run.connection_id, v_run.deadline);
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        v_caught := v_step.caught;
        EXIT WHEN NOT v_step.is_on;
    END LOOP;
    PERFORM sffdw.end_run(v_run.connection_id, 'changes', lane, v_caught);
END
$procedure$;

COMMENT ON PROCEDURE sffdw.changes(interval, text, integer) IS
    'Follow Salesforce''s change events for all accelerated mappings and have polled at once what they are about: once, '
    'or in a loop of max_duration. Must be called outside a transaction block, by the connection''s owner. Raises '
    'insufficient_privilege, undefined_object, SF002 and, without max_duration, what reading the events raises.';

COMMIT;
