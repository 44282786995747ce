-- Deploy sffdw:functions/recover to pg
-- requires: functions/check_connection
-- requires: functions/check_metadata
-- requires: functions/describe_config
-- requires: functions/find_connection
-- requires: functions/request_resync
-- requires: functions/require_owner
-- requires: tables/ingest_job

BEGIN;

CREATE FUNCTION sffdw.doubt_inserts(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Nobody has claimed them, so the writer asks Salesforce first, for what was made since they were captured; that it
    -- waits from now on for what may be on its way, mark_doubtful sees to.
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = 'PENDING', updated_at = l.created_at
        WHERE l.state = 'NEW'
        AND l.action = 'INSERT'
    $query$, connection.schema_name);
END
$function$;

COMMENT ON FUNCTION sffdw.doubt_inserts(sffdw.connection) IS
    'Put the queued inserts in doubt: a database that was restored does not know which of them have been sent since.';

CREATE FUNCTION sffdw.doubt_claims(connection sffdw.connection)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The other server may have sent them until now.
    UPDATE sffdw.write_claim c
    SET doubtful_at = clock_timestamp()
    WHERE c.connection_id = connection.connection_id
    AND c.phase IN ('claimed', 'in_job', 'doubtful');
$function$;

COMMENT ON FUNCTION sffdw.doubt_claims(sffdw.connection) IS
    'Have the answers to what is on its way awaited from now on, whenever it was claimed.';

CREATE FUNCTION sffdw.doubt_jobs(connection sffdw.connection)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A job that is known by its Id tells itself what became of it.
    UPDATE sffdw.write_claim c
    SET phase = 'doubtful', next_try_at = NULL
    FROM sffdw.ingest_job j
    WHERE j.connection_id = connection.connection_id
    AND j.phase = 'claimed'
    AND c.connection_id = j.connection_id
    AND c.batch_id = j.batch_id
    AND c.phase = 'in_job';
    DELETE FROM sffdw.ingest_job j
    WHERE j.connection_id = connection.connection_id
    AND j.phase = 'claimed';
$function$;

COMMENT ON FUNCTION sffdw.doubt_jobs(sffdw.connection) IS
    'Put in doubt what was chosen for Bulk jobs whose Ids this database does not know: another server may have had them '
    'carried out.';

CREATE FUNCTION sffdw.recover(
    accept_org_id   text DEFAULT NULL,
    accept_cluster  boolean DEFAULT false,
    connection_name text DEFAULT 'salesforce'
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_session    record;
    v_org        text;
    v_cluster    text;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    EXECUTE format('SELECT org_id, api_version, api_limit FROM %I._session', v_connection.live_schema_name)
    INTO v_session;
    v_org := sffdw.find_org_mismatch(v_connection, v_session.org_id);
    v_cluster := sffdw.find_cluster_mismatch(v_connection);
    IF coalesce(left(accept_org_id, 15) <> left(v_session.org_id, 15), v_org IS NOT NULL) THEN
        RAISE EXCEPTION '%',
            coalesce(v_org, format('the server answers for org %s, not %s', v_session.org_id, accept_org_id))
            USING ERRCODE = 'SF002',
                  HINT = format('If the org was replaced on purpose, as a sandbox refresh does, run '
                                'sffdw.recover(accept_org_id => %L); else correct the server''s login_url or the user '
                                'mapping.', v_session.org_id);
    ELSIF v_cluster IS NOT NULL AND NOT accept_cluster THEN
        RAISE EXCEPTION '%', v_cluster
            USING ERRCODE = 'SF002',
                  HINT = 'If this server is now the one that writes, run sffdw.recover(accept_cluster => true); a copy '
                         'that must not write is best left as it is.';
    END IF;

    UPDATE sffdw.connection c
    SET org_id = v_session.org_id,
        api_version = v_session.api_version,
        api_limit = coalesce(v_session.api_limit, c.api_limit),
        system_identifier = i.system_identifier,
        timeline_id = i.timeline_id,
        data_directory = i.data_directory,
        database_oid = i.database_oid,
        state = CASE WHEN c.paused_in AND c.paused_out THEN 'PAUSED' ELSE 'IDLE' END,
        last_error = NULL,
        last_error_at = NULL,
        throttled_until = NULL,
        write_pause_until = NULL
    FROM sffdw.cluster_identity() i
    WHERE c.connection_id = v_connection.connection_id;
    -- In another org every record may differ: all is read again, and nothing is deleted for not being seen.
    IF v_org IS NOT NULL THEN
        PERFORM sffdw.request_resync(m.mapping_id)
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id;
    END IF;
    IF v_cluster IS NOT NULL THEN
        PERFORM sffdw.doubt_inserts(v_connection);
        PERFORM sffdw.doubt_claims(v_connection);
        PERFORM sffdw.doubt_jobs(v_connection);
        UPDATE sffdw.write_release r
        SET is_restored = true
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id
        AND r.mapping_id = m.mapping_id;
    END IF;
    UPDATE sffdw.mapping m
    SET next_poll_at = now()
    WHERE m.connection_id = v_connection.connection_id;
    PERFORM sffdw.mirror_config(v_connection.connection_id);
    PERFORM sffdw.log_event(v_connection.connection_id, 'CONNECTION RECOVERED',
                            coalesce(concat_ws('; ', v_org, v_cluster), 'nothing differed'));
END
$function$;

COMMENT ON FUNCTION sffdw.recover(text, boolean, text) IS
    'Re-enable a stopped connection. A changed org or server must be accepted by name: then it is what the connection '
    'belongs to. After a change of org every mapping is read again; after one of server queued inserts are looked for in '
    'Salesforce before they are sent. Raises SF002.';

COMMIT;
