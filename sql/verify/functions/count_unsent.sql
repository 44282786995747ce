-- Verify sffdw:functions/count_unsent on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.unsent_count') IS NOT NULL, 'sffdw.unsent_count exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.covered_entries(sffdw.write_release)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_release(integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.has_discard(integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.count_unsent(sffdw.connection, sffdw.mapping, sffdw.write_release)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.has_unsent_beyond(sffdw.connection, text, bigint)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.hold_floor(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.hold_limits(sffdw.connection, sffdw.mapping, sffdw.unsent_count)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
