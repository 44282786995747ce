-- Verify sffdw:functions/create_connection on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.check_connection_names(text, name, name)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.check_connection_options(text, jsonb)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.import_system_tables(name, name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.complete_search_path(text, name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.check_xmlbinary_switch()', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.enter_connection(text, name, name, name, text, jsonb, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.create_connection(text, text, text, text, jsonb, text, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[])
        ) AS w (signature, is_definer, settings)
        JOIN pg_catalog.pg_proc p ON p.oid = w.signature::pg_catalog.regprocedure
    LOOP
        ASSERT v_routine.prosecdef = v_routine.is_definer, v_routine.signature || ' runs with the right role';
        ASSERT v_routine.proconfig = v_routine.settings, v_routine.signature || ' has its settings pinned';
        ASSERT pg_catalog.has_function_privilege('public', v_routine.signature, 'EXECUTE'),
            'everyone may call ' || v_routine.signature;
    END LOOP;
END
$do$;

ROLLBACK;
