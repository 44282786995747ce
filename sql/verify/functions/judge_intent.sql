-- Verify sffdw:functions/judge_intent on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.undone_change') IS NOT NULL, 'sffdw.undone_change exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.ask_intent(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_intended(sffdw.sync_intent)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_carried_out(sffdw.connection, sffdw.mapping, sffdw.sync_intent, boolean)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_intent(sffdw.connection, sffdw.mapping, sffdw.sync_intent)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
