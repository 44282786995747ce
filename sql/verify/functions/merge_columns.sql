-- Verify sffdw:functions/merge_columns on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.live_table(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.mapped_table(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.has_live_column(sffdw.connection, sffdw.mapping, name)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.live_expression(sffdw.connection, sffdw.mapping, name, text, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.read_scope(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.job_operation(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.unique_columns(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.merge_columns(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
