-- Verify sffdw:functions/settle_answers on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.error_json(integer, text, text, text[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.answered_entries(sffdw.connection, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.lock_answered(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_results(sffdw.connection, integer[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.write_back_each(sffdw.connection, sffdw.mapping, sffdw.row_result[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.overtake_deletes(sffdw.connection, integer[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.close_entries(sffdw.connection, integer[])',
             false, '{"search_path=pg_catalog, pg_temp","lock_timeout=2s"}'::text[]),
            ('sffdw.report_failures(sffdw.connection, integer[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.settle_answers(integer)',
             false, '{"search_path=pg_catalog, pg_temp","lock_timeout=2s"}'::text[])
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
