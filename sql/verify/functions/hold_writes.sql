-- Verify sffdw:functions/hold_writes on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.enter_hold(sffdw.connection, sffdw.mapping, sffdw.write_release, sffdw.unsent_count, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.tell_hold(sffdw.mapping, bigint, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.end_hold(sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.forget_release(sffdw.connection, sffdw.write_release)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.holds_writes(integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.lock_hold(integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.weigh_writes(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_writes(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.held_tables(integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.hold_writes(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.keep_sendable(sffdw.connection, integer[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.held_filter(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
