-- Deploy sffdw:functions/alter_connection to pg
-- requires: functions/check_metadata
-- requires: functions/create_connection
-- requires: functions/find_connection
-- requires: functions/require_owner

BEGIN;

CREATE FUNCTION sffdw.refuse_open_entries(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_open boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I._trigger_log l WHERE l.state IN (''NEW'', ''PENDING''))',
                   connection.schema_name)
    INTO v_is_open;
    IF v_is_open THEN
        RAISE EXCEPTION 'connection "%" has changes that are not settled', connection.connection_name
            USING ERRCODE = 'object_in_use',
                  DETAIL = 'Those under way were made under the present write algorithm.',
                  HINT = 'CALL sffdw.write(), and change it when sffdw.connections shows no pending writes.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_open_entries(sffdw.connection) IS
    'Stop unless every entry of the trigger log is settled. Raises object_in_use.';

CREATE FUNCTION sffdw.alter_connection(
    write_algorithm text DEFAULT NULL,
    options         jsonb DEFAULT NULL,
    connection_name text DEFAULT 'salesforce'
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c
    WHERE c.connection_id = v_connection.connection_id
    FOR UPDATE;
    PERFORM sffdw.check_connection_options(coalesce(write_algorithm, v_connection.write_algorithm),
                                           jsonb_strip_nulls(coalesce(options, '{}')));
    IF write_algorithm <> v_connection.write_algorithm THEN
        PERFORM sffdw.refuse_open_entries(v_connection);
    END IF;
    UPDATE sffdw.connection c
    SET write_algorithm = coalesce(alter_connection.write_algorithm, c.write_algorithm),
        options = jsonb_strip_nulls(c.options || coalesce(alter_connection.options, '{}'))
    WHERE c.connection_id = v_connection.connection_id;
    PERFORM sffdw.mirror_config(v_connection.connection_id);
    PERFORM sffdw.log_event(
        v_connection.connection_id, 'CONNECTION ALTERED',
        concat_ws(', ', 'write_algorithm ' || write_algorithm, 'options ' || options::text));
END
$function$;

COMMENT ON FUNCTION sffdw.alter_connection(text, jsonb, text) IS
    'Change a connection''s write algorithm, ordered or merged, while no write is open, and its options; what is left out '
    'stays, an option that is null goes back to its default. Raises undefined_object, insufficient_privilege, '
    'object_in_use, fdw_invalid_option_name, invalid_parameter_value.';

COMMIT;
