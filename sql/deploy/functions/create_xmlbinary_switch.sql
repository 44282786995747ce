-- Deploy sffdw:functions/create_xmlbinary_switch to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.create_xmlbinary_switch()
RETURNS void
LANGUAGE plpgsql
VOLATILE
-- SECURITY DEFINER since ordinary roles may not create in schema public; what is created is fixed, and only if missing.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF to_regprocedure('public.get_xmlbinary()') IS NOT NULL THEN
        RETURN;
    END IF;
    IF to_regnamespace('public') IS NULL THEN
        RAISE EXCEPTION 'schema "public" does not exist'
            USING ERRCODE = 'invalid_schema_name',
                  HINT = 'The capture triggers call public.get_xmlbinary(): run CREATE SCHEMA public.';
    END IF;
    -- Without a SET clause, and by current_setting, it is inlined into the triggers that ask it for every row.
    CREATE FUNCTION public.get_xmlbinary()
    RETURNS varchar
    LANGUAGE sql
    STABLE
    AS $body$SELECT pg_catalog.current_setting('xmlbinary')::pg_catalog.varchar$body$;
    COMMENT ON FUNCTION public.get_xmlbinary() IS
        'The setting xmlbinary: base64 in sessions whose changes are captured, hex in those of the synchronisation.';
END
$function$;

REVOKE ALL ON FUNCTION sffdw.create_xmlbinary_switch() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sffdw.create_xmlbinary_switch() TO PUBLIC;

COMMENT ON FUNCTION sffdw.create_xmlbinary_switch() IS
    'Create public.get_xmlbinary() where it is missing; never a member of the extension. Raises invalid_schema_name.';

COMMIT;
