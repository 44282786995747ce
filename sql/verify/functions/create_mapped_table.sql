-- Verify sffdw:functions/create_mapped_table on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.mapped_columns(sffdw.described_field[], text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.check_table_shape(regclass, regclass)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.skip_logged_ids(name, name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.create_mapped_table(name, name, sffdw.described_field[], jsonb)',
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
