-- Deploy sffdw:procedures/write to pg
-- requires: functions/write_step

BEGIN;

-- A thin loop that locks, calls a function, commits, as sffdw.poll.
CREATE PROCEDURE sffdw.write(
    max_duration    interval DEFAULT NULL,
    connection_name text DEFAULT 'salesforce',
    lane            integer DEFAULT 0
)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_run    record;
    v_step   record;
    v_turn   record;
    v_caught jsonb;
    v_stage  text := 'settle';
    v_batch  uuid;
    v_idle   integer := 0;
    v_is_on  boolean := true;
BEGIN
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    v_run := sffdw.start_run(connection_name, 'write', lane, max_duration);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    IF NOT v_run.is_running THEN
        RETURN;
    END IF;
    v_caught := v_run.caught;
    WHILE v_is_on AND v_run.caught IS NULL LOOP
        v_step := sffdw.write_step(v_run.connection_id, v_stage, v_batch);
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        v_batch := v_step.next_batch;
        v_turn := sffdw.judge_write(v_run.connection_id, v_stage, v_step.has_done, v_run.started_at, v_run.deadline,
                                    v_step.caught, v_idle);
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        v_caught := coalesce(v_caught, v_turn.caught);
        v_stage := v_turn.next_stage;
        v_idle := v_turn.idle;
        v_is_on := v_turn.is_on;
    END LOOP;
    PERFORM sffdw.end_run(v_run.connection_id, 'write', lane, v_caught);
END
$procedure$;

COMMENT ON PROCEDURE sffdw.write(interval, text, integer) IS
    'Send captured changes to Salesforce and write the answers back: in one pass, until nothing that can be sent is '
    'older than the call, or in a loop of max_duration. Must be called outside a transaction block, by the '
    'connection''s owner. Raises insufficient_privilege, undefined_object, SF002, and in one pass the first error '
    'that a step met; what Salesforce rejects is no error but an entry with state FAILED.';

COMMIT;
