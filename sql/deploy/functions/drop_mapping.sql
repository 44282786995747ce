-- Deploy sffdw:functions/drop_mapping to pg
-- requires: functions/check_metadata
-- requires: functions/describe_config
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/log_event
-- requires: triggers/await
-- requires: triggers/capture
-- requires: triggers/history

BEGIN;

CREATE FUNCTION sffdw.warn_unsent(schema_name name, table_name name DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I._trigger_log t WHERE t.state IN (''NEW'', ''PENDING'') '
                   'AND ($1 IS NULL OR t.table_name = $1)', schema_name)
    INTO v_count
    USING table_name;
    IF v_count > 0 THEN
        RAISE WARNING '% captured changes have not been sent to Salesforce', v_count
            USING ERRCODE = '01000',
                  HINT = format('They stay in %I._trigger_log.', schema_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.warn_unsent(name, name) IS 'Warn of entries that nothing will send any more.';

CREATE FUNCTION sffdw.drop_mapping(
    object_name     text,
    drop_table      boolean DEFAULT false,
    connection_name text DEFAULT 'salesforce'
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping    sffdw.mapping := sffdw.find_mapping(v_connection.connection_id, object_name);
    -- Ending it is the way out where the trigger log is lost.
    v_is_whole   boolean := sffdw.find_missing_table(v_connection) IS NULL;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.lock_mapping(v_mapping.mapping_id);
    IF v_is_whole THEN
        PERFORM sffdw.warn_unsent(v_connection.schema_name, v_mapping.table_name);
    END IF;
    IF drop_table THEN
        EXECUTE format('DROP TABLE IF EXISTS %1$I.%2$I, %1$I.%3$I', v_connection.schema_name, v_mapping.table_name,
                       sffdw.history_table(v_connection, v_mapping));
    END IF;
    PERFORM sffdw.drop_history(v_connection.schema_name, v_mapping.table_name);
    PERFORM sffdw.drop_await(v_connection.schema_name, v_mapping.table_name);
    PERFORM sffdw.drop_load_stage(v_connection, v_mapping);
    PERFORM sffdw.drop_capture(v_connection.schema_name, v_mapping.table_name);
    DELETE FROM sffdw.mapping m
    WHERE m.mapping_id = v_mapping.mapping_id;
    IF v_is_whole THEN
        PERFORM sffdw.mirror_config(v_connection.connection_id);
    END IF;
    PERFORM sffdw.log_event(
        v_connection.connection_id, 'MAPPING DROPPED',
        format('table %s %s', v_mapping.table_name, CASE WHEN drop_table THEN 'dropped' ELSE 'kept' END),
        object_name => v_mapping.object_name);
END
$function$;

COMMENT ON FUNCTION sffdw.drop_mapping(text, boolean, text) IS
    'End the synchronisation of an object. Its table stays, without our triggers, unless drop_table; the live table '
    'stays. Nothing is deleted in Salesforce. '
    'Raises insufficient_privilege, undefined_object, dependent_objects_still_exist.';

COMMIT;
