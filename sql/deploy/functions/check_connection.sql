-- Deploy sffdw:functions/check_connection to pg
-- requires: functions/check_metadata
-- requires: functions/cluster_identity
-- requires: functions/log_event
-- requires: functions/notify

BEGIN;

CREATE FUNCTION sffdw.find_org_mismatch(connection sffdw.connection, org_id text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The first 15 characters are the id; the other three only repeat their case.
    SELECT format('connection "%s" belongs to org %s, but the server answers for org %s',
                  connection.connection_name, connection.org_id, org_id)
    WHERE left(connection.org_id, 15) IS DISTINCT FROM left(org_id, 15);
$function$;

COMMENT ON FUNCTION sffdw.find_org_mismatch(sffdw.connection, text) IS
    'Say how the org that answers differs from the connection''s; NULL: it is the same.';

CREATE FUNCTION sffdw.find_cluster_mismatch(connection sffdw.connection)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('connection "%s" was made on another server or before a recovery: the %s differs',
                  connection.connection_name, string_agg(p.part, ' and the ' ORDER BY p.part DESC))
    FROM sffdw.cluster_identity() i
    CROSS JOIN LATERAL (VALUES
        ('system identifier', connection.system_identifier IS DISTINCT FROM i.system_identifier),
        ('timeline', connection.timeline_id IS DISTINCT FROM i.timeline_id),
        ('data directory', connection.data_directory IS DISTINCT FROM i.data_directory),
        ('database', connection.database_oid IS DISTINCT FROM i.database_oid)
    ) AS p (part, is_different)
    WHERE p.is_different
    HAVING count(*) > 0;
$function$;

COMMENT ON FUNCTION sffdw.find_cluster_mismatch(sffdw.connection) IS
    'Say how this server differs from the one that the connection was made on; NULL: it is the same.';

CREATE FUNCTION sffdw.check_connection(connection_id integer)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_session    record;
    v_problem    text;
BEGIN
    SELECT c.*
    INTO v_connection
    FROM sffdw.connection c
    WHERE c.connection_id = check_connection.connection_id;
    IF v_connection.state = 'RECOVERY' THEN
        RETURN v_connection.last_error;
    END IF;
    PERFORM sffdw.refuse_unavailable(v_connection);
    EXECUTE format('SELECT org_id, api_limit FROM %I._session', v_connection.live_schema_name) INTO v_session;
    v_problem := coalesce(sffdw.find_org_mismatch(v_connection, v_session.org_id),
                          sffdw.find_cluster_mismatch(v_connection));
    IF v_problem IS NULL THEN
        UPDATE sffdw.connection c
        SET api_limit = v_session.api_limit
        WHERE c.connection_id = v_connection.connection_id
        AND v_session.api_limit <> coalesce(c.api_limit, -1);
        RETURN NULL;
    END IF;
    UPDATE sffdw.connection c
    SET state = 'RECOVERY', last_error = v_problem, last_error_at = clock_timestamp()
    WHERE c.connection_id = v_connection.connection_id;
    PERFORM sffdw.log_event(v_connection.connection_id, 'CONNECTION STOPPED', v_problem, 'ERROR');
    PERFORM sffdw.notify(v_connection.connection_id, 'connection-error', v_problem);
    RETURN v_problem;
END
$function$;

COMMENT ON FUNCTION sffdw.check_connection(integer) IS
    'Compare the org that answers, and this server, with what the connection recorded: once a loop, before anything is '
    'written or deleted. Return NULL if all is the same; else set state RECOVERY and return what differs: the caller '
    'commits that, then stops with refuse_recovery. Raises SF018, and what the call to Salesforce raises.';

CREATE FUNCTION sffdw.refuse_recovery(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF connection.state = 'RECOVERY' THEN
        RAISE EXCEPTION 'connection "%" is stopped', connection.connection_name
            USING ERRCODE = 'SF002',
                  DETAIL = upper(left(connection.last_error, 1)) || substr(connection.last_error, 2) || '.',
                  HINT = format('Run sffdw.recover(connection_name => %L): it says what it would accept.',
                                connection.connection_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_recovery(sffdw.connection) IS
    'Stop if the connection awaits recover. Raises SF002.';

COMMIT;
