-- Verify sffdw:functions/choose_entries on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.open_entry') IS NOT NULL, 'sffdw.open_entry exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.has_candidates(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.open_entries(sffdw.connection, integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_waits(sffdw.open_entry[], sffdw.open_link[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.is_suspect(integer, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.request_size(integer, text, boolean)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.know_sfids(sffdw.connection, sffdw.open_entry[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_entries(sffdw.connection, integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.choose_entries(sffdw.connection, integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
