-- Deploy sffdw:functions/write_mode to pg
-- requires: tables/mapping
-- requires: triggers/await

BEGIN;

CREATE FUNCTION sffdw.check_write_mode(mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF mapping.write_mode = 'sync' AND mapping.access <> 'read_write' THEN
        RAISE EXCEPTION 'write_mode "sync" needs access "read_write"'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Set access => ''read_write'', or leave write_mode out.';
    ELSIF mapping.write_mode = 'sync' AND mapping.conflict_policy <> 'last_writer' THEN
        RAISE EXCEPTION 'write_mode "sync" does not go with conflict_policy "%"', mapping.conflict_policy
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'A statement that waits for Salesforce is the last writer.',
                  HINT = 'Set conflict_policy => ''last_writer'', or write_mode => ''async''.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_write_mode(sffdw.mapping) IS
    'Stop at settings that do not go with statements that wait for Salesforce. Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.refuse_open_entries(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I._trigger_log l WHERE l.state IN (''NEW'', ''PENDING'') '
                   'AND l.table_name = $1', connection.schema_name)
    INTO v_count
    USING mapping.table_name;
    IF v_count > 0 THEN
        RAISE EXCEPTION '% changes of object "%" have not been sent', v_count, mapping.object_name
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'What is sent at once in one mode would overtake what the other has left.',
                  HINT = 'Run CALL sffdw.write(), or sffdw.dismiss what cannot be sent, then change write_mode.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_open_entries(sffdw.connection, sffdw.mapping) IS
    'Stop if changes of a mapping wait to be sent. Raises object_not_in_prerequisite_state.';

CREATE FUNCTION sffdw.apply_write_mode(connection sffdw.connection, mapping sffdw.mapping, old_mode text DEFAULT 'async')
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.check_write_mode(mapping);
    IF mapping.write_mode = old_mode THEN
        RETURN;
    END IF;
    -- Whoever is writing ends first: what was captured until then is seen.
    EXECUTE format('LOCK TABLE %I.%I IN SHARE ROW EXCLUSIVE MODE', connection.schema_name, mapping.table_name);
    PERFORM sffdw.refuse_open_entries(connection, mapping);
    IF mapping.write_mode = 'sync' THEN
        PERFORM sffdw.create_await(connection.schema_name, mapping.table_name);
    ELSE
        PERFORM sffdw.drop_await(connection.schema_name, mapping.table_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_write_mode(sffdw.connection, sffdw.mapping, text) IS
    'Make the triggers that wait for Salesforce what the mapping''s write_mode says. Raises invalid_parameter_value, '
    'object_not_in_prerequisite_state, lock_not_available.';

COMMIT;
