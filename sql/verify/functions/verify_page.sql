-- Verify sffdw:functions/verify_page on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.read_ids(sffdw.connection, sffdw.mapping, text, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_verification(sffdw.connection, sffdw.mapping, text, boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_ids(sffdw.connection, sffdw.mapping, text, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.note_verified(sffdw.connection, sffdw.mapping, text, boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.plan_repairs(sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.count_verified(sffdw.connection, sffdw.mapping, text, sffdw.verification)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.begin_verification(sffdw.mapping, boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.finish_verification(sffdw.connection, sffdw.mapping, sffdw.verification)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.charge_verification(sffdw.connection, bigint, bigint, bigint)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.verify_page(sffdw.connection, sffdw.mapping, sffdw.verification, boolean)',
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
