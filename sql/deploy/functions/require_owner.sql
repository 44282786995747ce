-- Deploy sffdw:functions/require_owner to pg
-- requires: functions/refuse_superuser

BEGIN;

CREATE FUNCTION sffdw.require_owner(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.refuse_superuser(connection.owner_role);
    IF current_user <> connection.owner_role THEN
        RAISE EXCEPTION 'must be run as the owner of connection "%"', connection.connection_name
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Its tables and its user mapping belong to the owner.',
                  HINT = format('Run SET ROLE %I first.', connection.owner_role);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.require_owner(sffdw.connection) IS
    'Stop whoever is not the connection''s owner role itself: foreign tables use the current role''s user mapping, and '
    'new objects belong to it. Raises insufficient_privilege.';

COMMIT;
