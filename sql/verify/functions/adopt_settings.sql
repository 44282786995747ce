-- Verify sffdw:functions/adopt_settings on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.finding') IS NOT NULL, 'sffdw.finding exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.unknown_settings(jsonb, text[], text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.check_config_keys(jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopted_options(jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.read_details(name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.is_own_schema(name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_config(name, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.infer_config(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
        ) AS w (signature, is_definer, settings)
        JOIN pg_catalog.pg_proc p ON p.oid = w.signature::pg_catalog.regprocedure
    LOOP
        ASSERT v_routine.prosecdef = v_routine.is_definer, v_routine.signature || ' runs with the right role';
        ASSERT v_routine.proconfig IS NOT DISTINCT FROM v_routine.settings,
            v_routine.signature || ' has its settings pinned';
        ASSERT pg_catalog.has_function_privilege('public', v_routine.signature, 'EXECUTE'),
            'everyone may call ' || v_routine.signature;
    END LOOP;
END
$do$;

ROLLBACK;
