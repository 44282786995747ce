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

COMMIT;
