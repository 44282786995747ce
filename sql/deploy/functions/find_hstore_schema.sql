-- Deploy sffdw:functions/find_hstore_schema to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.find_hstore_schema()
RETURNS name
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema name;
BEGIN
    SELECT n.nspname
    INTO v_schema
    FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'hstore';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'extension "hstore" is not installed'
            USING ERRCODE = 'undefined_object', HINT = 'Run CREATE EXTENSION hstore first.';
    END IF;
    IF NOT has_schema_privilege(v_schema, 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for schema %', v_schema
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Extension hstore lives there, and the capture triggers use it.',
                  HINT = format('Run GRANT USAGE ON SCHEMA %I TO %I.', v_schema, current_user);
    END IF;
    RETURN v_schema;
END
$function$;

COMMENT ON FUNCTION sffdw.find_hstore_schema() IS
    'Return the schema of extension hstore, which generated functions name. '
    'Raises undefined_object, insufficient_privilege.';

COMMIT;
