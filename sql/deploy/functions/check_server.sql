-- Deploy sffdw:functions/check_server to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.check_server(server_name name)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_server  record;
    v_problem text;
    v_hint    text;
    v_code    text := 'insufficient_privilege';
BEGIN
    SELECT s.oid, s.srvname, s.srvoptions, w.fdwname
    INTO v_server
    FROM pg_foreign_server s
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    WHERE s.srvname = server_name;
    IF NOT FOUND THEN
        v_code := 'undefined_object';
        v_problem := format('server "%s" does not exist', server_name);
        v_hint := format('Run CREATE SERVER %I FOREIGN DATA WRAPPER multicorn '
                         'OPTIONS (wrapper ''sffdw.SalesforceFdw'', …) first.', server_name);
    ELSIF v_server.fdwname <> 'multicorn'
    OR NOT EXISTS (SELECT FROM unnest(v_server.srvoptions) o WHERE o LIKE 'wrapper=sffdw.%') THEN
        v_code := 'wrong_object_type';
        v_problem := format('server "%s" is not a Salesforce server', server_name);
        v_hint := 'Name a server of foreign-data wrapper multicorn with the option wrapper ''sffdw.SalesforceFdw''.';
    ELSIF NOT has_server_privilege(v_server.oid, 'USAGE') THEN
        v_problem := format('permission denied for foreign server %s', server_name);
        v_hint := format('Run GRANT USAGE ON FOREIGN SERVER %I TO %I.', server_name, current_user);
    ELSIF NOT EXISTS (
        SELECT
        FROM pg_user_mappings u
        WHERE u.srvid = v_server.oid
        AND (u.umuser = 0 OR u.usename = current_user)
    ) THEN
        v_code := 'undefined_object';
        v_problem := format('user mapping for "%s" does not exist on server "%s"', current_user, server_name);
        v_hint := format('Run CREATE USER MAPPING FOR %I SERVER %I OPTIONS (…) first.', current_user, server_name);
    ELSE
        RETURN;
    END IF;
    RAISE EXCEPTION '%', v_problem USING ERRCODE = v_code, HINT = v_hint;
END
$function$;

COMMENT ON FUNCTION sffdw.check_server(name) IS
    'Stop unless the server is a Salesforce server that the current role may use and has a user mapping for. '
    'Raises undefined_object, wrong_object_type, insufficient_privilege.';

COMMIT;
