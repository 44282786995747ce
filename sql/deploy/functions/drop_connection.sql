-- Deploy sffdw:functions/drop_connection to pg
-- requires: functions/drop_mapping
-- requires: functions/read_intents
-- requires: functions/replace_objects
-- requires: tables/sync_write

BEGIN;

CREATE FUNCTION sffdw.drop_connection_tables(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table regclass;
BEGIN
    PERFORM sffdw.drop_log_functions(connection.schema_name, connection.hstore_schema);
    -- The archive's ids come from the log's sequence, hence the order.
    EXECUTE format('DROP TABLE IF EXISTS %1$I._trigger_log_archive, %1$I._trigger_log, %1$I._hcmeta, '
                   '%1$I._sf_event_log', connection.schema_name);
    FOR v_table IN
        SELECT t.ftrelid
        FROM pg_foreign_table t
        JOIN pg_foreign_server s ON s.oid = t.ftserver
        JOIN pg_class c ON c.oid = t.ftrelid
        WHERE s.srvname = connection.server_name
        AND c.relnamespace = to_regnamespace(quote_ident(connection.live_schema_name))
    LOOP
        EXECUTE format('DROP FOREIGN TABLE %s', v_table);
    END LOOP;
    PERFORM sffdw.drop_empty_schema(connection.schema_name);
    PERFORM sffdw.drop_empty_schema(connection.live_schema_name);
END
$function$;

COMMENT ON FUNCTION sffdw.drop_connection_tables(sffdw.connection) IS
    'Drop the trigger log, its functions and the live tables of a connection, and its schemas if that leaves them '
    'empty. Raises dependent_objects_still_exist.';

CREATE FUNCTION sffdw.give_back(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM sffdw.replaced_object r WHERE r.connection_id = connection.connection_id) THEN
        RETURN;
    END IF;
    PERFORM sffdw.drop_log_functions(connection.schema_name, connection.hstore_schema);
    IF to_regclass(format('%I._hcmeta', connection.schema_name)) IS NOT NULL THEN
        EXECUTE format('DELETE FROM %1$I._hcmeta WHERE id = (SELECT max(h.id) FROM %1$I._hcmeta h)',
                       connection.schema_name);
    END IF;
    PERFORM sffdw.restore_objects(connection);
END
$function$;

COMMENT ON FUNCTION sffdw.give_back(sffdw.connection) IS
    'Leave an adopted schema as it was found: its own triggers, functions and _hcmeta.';

CREATE FUNCTION sffdw.drop_empty_schema(schema_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('DROP SCHEMA IF EXISTS %I', schema_name);
EXCEPTION
    WHEN dependent_objects_still_exist THEN
        RAISE NOTICE 'schema "%" is not empty and stays', schema_name
            USING ERRCODE = '00000', HINT = 'What is left in it is not ours.';
END
$function$;

COMMENT ON FUNCTION sffdw.drop_empty_schema(name) IS 'Drop a schema unless something is left in it.';

CREATE FUNCTION sffdw.part_with_intents(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_problem text := 'Their transactions were rolled back, or have not ended.';
    v_left    text[];
BEGIN
    IF to_regclass(format('%I._intents', connection.live_schema_name)) IS NULL
    OR NOT EXISTS (
        SELECT
        FROM pg_user_mappings u
        WHERE u.srvname = connection.server_name
        AND (u.umuser = 0 OR u.usename = current_user)
    ) THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM sffdw.forget_intents(connection, ARRAY(
            SELECT i.intent_id
            FROM sffdw.list_intents(connection) i
            JOIN sffdw.sync_write w ON w.marker_id IN (i.batch_id, i.intent_id::uuid)));
        v_left := ARRAY(SELECT format('intent-%s.json (%s of %s)', i.intent_id, i.operation, i.object_name)
                        FROM sffdw.list_intents(connection) i ORDER BY i.sent_at);
    EXCEPTION WHEN OTHERS THEN
        v_problem := format('%s (%s)', SQLERRM, SQLSTATE);
    END;
    IF v_left IS NULL OR v_left <> '{}' THEN
        RAISE NOTICE 'synchronous writes of connection "%" are not settled: %', connection.connection_name,
                     coalesce(array_to_string(v_left, ', '), 'which ones could not be found out')
            USING ERRCODE = '00000', DETAIL = v_problem,
                  HINT = 'Their files stay in the spool directory and say what Salesforce was sent: correct it there '
                         'by hand, then delete them. CALL sffdw.maintain() before the connection is dropped settles them.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.part_with_intents(sffdw.connection) IS
    'Forget the synchronous writes of a connection that is about to go, as far as they were committed; a notice names the '
    'others.';

CREATE FUNCTION sffdw.drop_connection(drop_tables boolean DEFAULT false, connection_name text DEFAULT 'salesforce')
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_object     text;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.part_with_intents(v_connection);
    PERFORM sffdw.unschedule(v_connection.connection_name);
    FOR v_object IN
        SELECT m.object_name
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id
        ORDER BY m.object_name
    LOOP
        PERFORM sffdw.drop_mapping(v_object, drop_tables, v_connection.connection_name);
    END LOOP;
    IF drop_tables THEN
        PERFORM sffdw.drop_connection_tables(v_connection);
    ELSE
        PERFORM sffdw.give_back(v_connection);
    END IF;
    DELETE FROM sffdw.connection c
    WHERE c.connection_id = v_connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.drop_connection(boolean, text) IS
    'End a connection: its mappings, jobs and log. The tables stay as they are, without our triggers and '
    'with those that an adopted schema had, unless drop_tables: then they, the trigger log and the live tables go too. Nothing is deleted in Salesforce. '
    'Raises insufficient_privilege, undefined_object, dependent_objects_still_exist.';

COMMIT;
