-- Verify sffdw:functions/claim_entries on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.choose_first(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.choose_deep(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.review_unsent(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.take_entries(sffdw.connection)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.concerns_org(integer, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.throttles(text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.awaits_org(integer)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.claim_entries(integer)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.show_writing(sffdw.connection, boolean)',
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
