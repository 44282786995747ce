-- Deploy sffdw:functions/claim_schema to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.claim_schema(schema_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_owner name;
BEGIN
    SELECT pg_get_userbyid(n.nspowner)
    INTO v_owner
    FROM pg_namespace n
    WHERE n.nspname = schema_name;
    IF NOT FOUND THEN
        EXECUTE format('CREATE SCHEMA %I', schema_name);
    ELSIF v_owner <> current_user THEN
        RAISE EXCEPTION 'schema "%" belongs to role "%"', schema_name, v_owner
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'A connection''s schemas belong to its owner.',
                  HINT = format('Run ALTER SCHEMA %I OWNER TO %I, or choose another schema.',
                                schema_name, current_user);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.claim_schema(name) IS
    'Create a schema, or make sure that it belongs to the current role. Raises insufficient_privilege.';

COMMIT;
