-- Verify sffdw:functions/await_statement on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.sync_answer') IS NOT NULL, 'sffdw.sync_answer exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.refuse_same_record(sffdw.connection, sffdw.mapping, sffdw.sync_answer[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.take_changes(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.refuse_declined(sffdw.write_request[], sffdw.captured_change[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.send_changes(sffdw.connection, sffdw.mapping, sffdw.write_request[], uuid)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.read_answers(sffdw.connection, sffdw.write_request[], sffdw.captured_change[], uuid)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.settle_at_once(sffdw.connection, sffdw.mapping, sffdw.sync_answer[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.settle_idle(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.await_changes(sffdw.connection, sffdw.mapping, sffdw.captured_change[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.await_statement(name, name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
