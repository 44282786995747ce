-- Deploy sffdw:procedures/poll to pg
-- requires: functions/poll_step
-- requires: functions/schema_step
-- requires: functions/start_run

BEGIN;

-- A thin loop that locks, calls a function, commits: a procedure that commits can have neither a SET clause nor an
-- EXCEPTION block. After each COMMIT the isolation level is the database's default again, hence the SET after it.
CREATE PROCEDURE sffdw.poll(
    object_name     text DEFAULT NULL,
    force           boolean DEFAULT true,
    max_duration    interval DEFAULT NULL,
    at              timestamptz DEFAULT NULL,
    connection_name text DEFAULT 'salesforce',
    lane            integer DEFAULT 0
)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_run    record;
    v_step   record;
    v_id     integer;
    v_caught jsonb;
    v_is_on  boolean := true;
    v_rests  boolean;
BEGIN
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    v_run := sffdw.start_poll(connection_name, object_name, lane, max_duration);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    IF NOT v_run.is_running THEN
        RETURN;
    END IF;
    v_caught := v_run.caught;
    WHILE v_is_on AND v_run.caught IS NULL LOOP
        v_caught := sffdw.schema_step(v_run.connection_id, at);
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        EXIT WHEN v_caught IS NOT NULL;
        v_rests := true;
        FOREACH v_id IN ARRAY sffdw.due_mappings(v_run.connection_id, object_name, force, at) LOOP
            LOOP
                v_step := sffdw.poll_step(v_id, force, v_run.started_at, at);
                COMMIT;
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
                v_step := sffdw.judge_step(v_step.progress, v_step.caught, v_run.deadline);
                v_caught := coalesce(v_caught, v_step.caught);
                EXIT WHEN v_step.is_over;
            END LOOP;
            v_is_on := v_step.is_on;
            v_rests := v_rests AND NOT v_step.is_called;
            EXIT WHEN NOT v_is_on;
        END LOOP;
        EXIT WHEN NOT v_is_on;
        CONTINUE WHEN NOT v_rests;
        v_step := sffdw.rest_until(v_run.deadline, 0.5);
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        v_caught := coalesce(v_caught, v_step.caught);
        v_is_on := v_step.is_on;
    END LOOP;
    PERFORM sffdw.end_run(v_run.connection_id, 'poll', lane, v_caught);
END
$procedure$;

COMMENT ON PROCEDURE sffdw.poll(text, boolean, interval, timestamptz, text, integer) IS
    'Bring changes from Salesforce into the local tables: of one object or of all; of all at once, or of those due if '
    'not force; in one pass, or in a loop of max_duration. Each page is committed with its watermark. Must be called '
    'outside a transaction block, by the connection''s owner. Raises insufficient_privilege, undefined_object, SF002, '
    'and in one pass the first error that a mapping met.';

COMMIT;
