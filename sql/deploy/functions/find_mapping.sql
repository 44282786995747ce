-- Deploy sffdw:functions/find_mapping to pg
-- requires: tables/mapping

BEGIN;

CREATE FUNCTION sffdw.find_mapping(connection_id integer, object_name text)
RETURNS sffdw.mapping
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
BEGIN
    SELECT m.*
    INTO v_mapping
    FROM sffdw.mapping m
    WHERE m.connection_id = find_mapping.connection_id
    AND lower(m.object_name) = lower(find_mapping.object_name);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'mapping of object "%" does not exist', object_name
            USING ERRCODE = 'undefined_object',
                  HINT = 'SELECT connection_name, object_name FROM sffdw.mappings lists the mappings; '
                         'sffdw.create_mapping makes one.';
    END IF;
    RETURN v_mapping;
END
$function$;

COMMENT ON FUNCTION sffdw.find_mapping(integer, text) IS
    'Return a connection''s mapping of that object, whatever its case. Raises undefined_object.';

CREATE FUNCTION sffdw.lock_mapping(mapping_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The step of a poll holds this row and then takes the table: whoever alters the table goes the same way.
    PERFORM
    FROM sffdw.mapping m
    WHERE m.mapping_id = lock_mapping.mapping_id
    FOR UPDATE;
END
$function$;

COMMENT ON FUNCTION sffdw.lock_mapping(integer) IS
    'Keep polls of a mapping out until the end of the transaction; one under way ends its step first. '
    'Raises lock_not_available.';

COMMIT;
