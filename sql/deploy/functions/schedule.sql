-- Deploy sffdw:functions/schedule to pg
-- requires: functions/find_connection
-- requires: functions/log_event
-- requires: functions/require_owner
-- requires: functions/sees_cron

BEGIN;

CREATE FUNCTION sffdw.cron_setting(name text)
RETURNS text
LANGUAGE sql
STABLE
-- SECURITY DEFINER since PostgreSQL shows these settings to superusers only; they hold no secret, no others are read.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN name IN ('cron.database_name', 'cron.host', 'cron.use_background_workers')
                THEN current_setting(name, true)
                WHEN name = 'unix_socket_directories'
                THEN split_part(current_setting(name), ',', 1)
           END;
$function$;

REVOKE ALL ON FUNCTION sffdw.cron_setting(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sffdw.cron_setting(text) TO PUBLIC;

COMMENT ON FUNCTION sffdw.cron_setting(text) IS
    'Return one of the server''s settings that decide whether pg_cron can run a role''s jobs, NULL for any other.';

CREATE FUNCTION sffdw.check_cron()
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_database text := sffdw.cron_setting('cron.database_name');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'extension "pg_cron" is not installed in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = CASE
                      WHEN v_database IS NULL THEN 'The server has not loaded pg_cron.'
                      ELSE format('The server runs pg_cron in database "%s".', v_database)
                  END,
                  HINT = format('Add to postgresql.conf: shared_preload_libraries = ''pg_cron'', cron.database_name = '
                                '''%s'', cron.host = ''%s''; restart the server, then run CREATE EXTENSION pg_cron.',
                                current_database(), sffdw.cron_setting('unix_socket_directories'));
    ELSIF NOT has_schema_privilege('cron', 'USAGE')
    OR NOT has_function_privilege('cron.schedule(text, text, text)', 'EXECUTE') THEN
        RAISE EXCEPTION 'permission denied for schema cron'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('As superuser run GRANT USAGE ON SCHEMA cron TO %I.', current_user);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_cron() IS
    'Stop unless pg_cron runs in this database and the current role may use it. Raises '
    'object_not_in_prerequisite_state, insufficient_privilege.';

CREATE FUNCTION sffdw.warn_cron_settings()
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sffdw.cron_setting('cron.use_background_workers')::boolean THEN
        RAISE WARNING 'cron.use_background_workers is on'
            USING DETAIL = 'pg_cron then starts nothing new while its longest job runs, and these run all the time.',
                  HINT = 'Set it off in postgresql.conf, cron.host to the socket directory, and restart the server.';
    ELSIF coalesce(nullif(sffdw.cron_setting('cron.host'), ''), '/') !~ '^/' THEN
        RAISE WARNING 'cron.host is "%": jobs connect by TCP', sffdw.cron_setting('cron.host')
            USING DETAIL = 'That needs a password for the job''s role in the server''s .pgpass; a socket does not.',
                  HINT = format('Set cron.host = ''%s'' in postgresql.conf, let the server''s user in as %I by peer '
                                'and a user name map in pg_hba.conf, and restart the server.',
                                sffdw.cron_setting('unix_socket_directories'), current_user);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.warn_cron_settings() IS
    'Warn of settings of pg_cron under which jobs do not start, and say what to change.';

CREATE FUNCTION sffdw.drop_jobs(connection_name text, kept text[])
RETURNS SETOF text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT sffdw.sees_cron() THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        WITH old AS MATERIALIZED (
            SELECT j.jobid, j.jobname
            FROM cron.job j
            WHERE starts_with(j.jobname, $1)
            -- Connection "a" leaves the jobs of connection "a:b" alone.
            AND substr(j.jobname, length($1) + 1) ~ '^((poll:[0-9]+|write|changes)(:start)?|maintain)$'
            AND j.jobname <> ALL ($2)
            AND j.username = current_user
        )
        SELECT o.jobname::text
        FROM old o
        CROSS JOIN LATERAL cron.unschedule(o.jobid) done
        ORDER BY 1
    $query$
    USING format('sffdw:%s:', connection_name), kept;
END
$function$;

COMMENT ON FUNCTION sffdw.drop_jobs(text, text[]) IS
    'Remove the current role''s jobs for a connection from pg_cron, except those to be kept, and return their names.';

CREATE FUNCTION sffdw.unschedule(connection_name text DEFAULT 'salesforce')
RETURNS SETOF text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    RETURN QUERY SELECT sffdw.drop_jobs(v_connection.connection_name, '{}');
END
$function$;

COMMENT ON FUNCTION sffdw.unschedule(text) IS
    'Remove a connection''s jobs from pg_cron and return their names. A run under way ends within a minute. Raises '
    'insufficient_privilege, undefined_object.';

CREATE FUNCTION sffdw.rest_of_minute(from_time timestamptz DEFAULT clock_timestamp())
RETURNS interval
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT greatest(date_trunc('minute', from_time) + interval '59 seconds' - from_time, interval '0');
$function$;

COMMENT ON FUNCTION sffdw.rest_of_minute(timestamptz) IS
    'Return how long a loop may last that is to be over when pg_cron next ticks.';

CREATE FUNCTION sffdw.list_jobs(connection_name text, lanes integer)
RETURNS TABLE (name text, tick text, command text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH loop (job, command) AS (
        SELECT 'poll:' || n, format('CALL sffdw.poll(force => false, max_duration => %%s, connection_name => %L, '
                                    'lane => %s)', connection_name, n)
        FROM generate_series(1, lanes) n
        UNION ALL
        SELECT p, format('CALL sffdw.%s(max_duration => %%s, connection_name => %L, lane => 1)', p, connection_name)
        FROM unnest('{write,changes}'::text[]) p
    )
    SELECT format('sffdw:%s:%s', connection_name, j.job), j.tick, j.command
    FROM (
        SELECT l.job, '* * * * *', format(l.command, quote_literal('61 seconds')), 1 FROM loop l
        UNION ALL
        SELECT 'maintain', '* * * * *', format('CALL sffdw.maintain(connection_name => %L)', connection_name), 2
        UNION ALL
        -- pg_cron ticks by the minute: until then these are at work after the server has started.
        SELECT l.job || ':start', '@reboot', format(l.command, 'sffdw.rest_of_minute()'), 3 FROM loop l
    ) AS j (job, tick, command, place)
    ORDER BY j.place;
$function$;

COMMENT ON FUNCTION sffdw.list_jobs(text, integer) IS
    'Return the jobs that a connection is to have in pg_cron, with that many lanes of polls.';

CREATE FUNCTION sffdw.schedule(lanes integer DEFAULT 1, connection_name text DEFAULT 'salesforce')
RETURNS SETOF text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_job        record;
    v_names      text[] := '{}';
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    IF lanes NOT BETWEEN 1 AND 16 THEN
        RAISE EXCEPTION 'invalid value for "lanes": %', lanes
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It must be from 1 to 16.';
    END IF;
    PERFORM sffdw.check_cron();
    PERFORM sffdw.warn_cron_settings();
    -- The timeout covers a whole CALL and cannot be lifted inside; a role may change its own.
    EXECUTE format('ALTER ROLE %I SET statement_timeout = 0', current_user);
    FOR v_job IN SELECT j.* FROM sffdw.list_jobs(v_connection.connection_name, lanes) j LOOP
        -- Of the same name it takes the place of the old job and leaves a run under way alone.
        EXECUTE 'SELECT cron.schedule($1, $2, $3)' USING v_job.name, v_job.tick, v_job.command;
        v_names := v_names || v_job.name;
    END LOOP;
    PERFORM sffdw.drop_jobs(v_connection.connection_name, v_names);
    RETURN QUERY SELECT unnest(v_names);
    PERFORM sffdw.log_event(v_connection.connection_id, 'SCHEDULED', format('%s poll lanes', lanes));
END
$function$;

COMMENT ON FUNCTION sffdw.schedule(integer, text) IS
    'Have pg_cron run the synchronisation as the current role, which owns the connection: a job for each lane of '
    'polls, one that writes, one that follows change events and one for upkeep, every minute, each looping until the '
    'next one takes over; and for each loop one that bridges the time from the server''s start to the minute. Replaces '
    'the jobs there are and returns the names. Lifts the role''s statement_timeout, which would cut every loop short. '
    'Raises object_not_in_prerequisite_state, insufficient_privilege, invalid_parameter_value.';

COMMIT;
