-- Deploy sffdw:functions/run_lock to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.run_lock_key(connection_id integer, kind text, lane integer)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT hashtextextended(format('sffdw:%s:%s:%s', connection_id, kind, lane), 0);
$function$;

COMMENT ON FUNCTION sffdw.run_lock_key(integer, text, integer) IS
    'Return the advisory lock of one kind of run (poll, write, changes, maintain) of one connection in one lane.';

CREATE FUNCTION sffdw.take_run_lock(connection_id integer, kind text, lane integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key bigint := sffdw.run_lock_key(connection_id, kind, lane);
BEGIN
    -- A CALL that was cut short between two steps of this session has left the lock behind, and it is reentrant.
    WHILE EXISTS (
        SELECT
        FROM pg_locks l
        WHERE l.locktype = 'advisory'
        AND l.pid = pg_backend_pid()
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        AND l.objsubid = 1
        AND (l.classid::bigint << 32) | l.objid::bigint = v_key
    ) LOOP
        EXIT WHEN NOT pg_advisory_unlock(v_key);
    END LOOP;
    IF pg_try_advisory_lock(v_key) THEN
        RETURN true;
    END IF;
    PERFORM sffdw.report_lock_holder(v_key, kind);
    RETURN false;
END
$function$;

COMMENT ON FUNCTION sffdw.take_run_lock(integer, text, integer) IS
    'Take a run''s lock for this session and return true; or, if another session holds it, say so and return false.';

CREATE FUNCTION sffdw.report_lock_holder(lock_key bigint, kind text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_holder record;
BEGIN
    SELECT l.pid, a.usename
    INTO v_holder
    FROM pg_locks l
    JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    AND l.objsubid = 1
    AND (l.classid::bigint << 32) | l.objid::bigint = lock_key;
    -- Any role may take any advisory lock: one that is not the owner's keeps everybody from the work.
    IF v_holder.usename <> current_user THEN
        RAISE WARNING '% of this connection is kept from running', kind
            USING DETAIL = format('Process %s of role "%s" holds its advisory lock.', v_holder.pid, v_holder.usename),
                  HINT = format('If it should not, end it as superuser: SELECT pg_terminate_backend(%s).',
                                v_holder.pid);
    ELSE
        RAISE NOTICE '% of this connection is already running', kind
            USING HINT = 'The other session does the work.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.report_lock_holder(bigint, text) IS
    'Say that another session holds a run''s lock: a notice, or a warning if it is not the current role''s.';

COMMIT;
