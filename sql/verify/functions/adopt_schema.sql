-- Verify sffdw:functions/adopt_schema on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.list_foreign_parts(name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_schema_problem(name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopted_table(jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.check_adopted_calls(sffdw.connection, boolean)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopt_mappings(sffdw.connection, jsonb, boolean)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopt_log(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.check_adopted_org(sffdw.connection, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.try_adoption(name, name, jsonb, boolean, boolean, text, text, text)', false,
             '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopt_schema(text, text, jsonb, boolean, boolean, boolean, text, text, text)', false,
             '{"search_path=pg_catalog, pg_temp",lock_timeout=10s}'::text[])
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
