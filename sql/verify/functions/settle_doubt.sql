-- Verify sffdw:functions/settle_doubt on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.adopt_orphans(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.mark_doubtful(sffdw.connection, uuid)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.next_question(sffdw.connection, sffdw.write_claim)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.close_doubts(sffdw.connection, sffdw.doubt_verdict[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.ask_created(sffdw.connection, sffdw.mapping, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_unbound(sffdw.connection, sffdw.mapping, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.ask_about(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_doubted(sffdw.connection, sffdw.write_claim[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.settle_doubt(integer, uuid)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
