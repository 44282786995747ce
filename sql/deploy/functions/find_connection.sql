-- Deploy sffdw:functions/find_connection to pg
-- requires: tables/connection

BEGIN;

CREATE FUNCTION sffdw.find_connection(connection_name text)
RETURNS sffdw.connection
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
BEGIN
    SELECT c.*
    INTO v_connection
    FROM sffdw.connection c
    WHERE lower(c.connection_name) = lower(find_connection.connection_name);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'connection "%" does not exist', connection_name
            USING ERRCODE = 'undefined_object',
                  HINT = 'SELECT connection_name FROM sffdw.connections lists those that the current role may see.';
    END IF;
    RETURN v_connection;
END
$function$;

COMMENT ON FUNCTION sffdw.find_connection(text) IS
    'Return the connection of that name, whatever its case, among those the caller may see. Raises undefined_object.';

COMMIT;
