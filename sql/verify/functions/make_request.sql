-- Verify sffdw:functions/make_request on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.captured_change') IS NOT NULL, 'sffdw.captured_change exists';
    ASSERT pg_catalog.to_regtype('sffdw.write_request') IS NOT NULL, 'sffdw.write_request exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.read_changes(sffdw.connection, integer[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_records(sffdw.connection, sffdw.mapping, sffdw.captured_change[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_record(sffdw.connection, sffdw.mapping, sffdw.captured_change)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_sfids(sffdw.connection, sffdw.mapping, sffdw.captured_change[])', false, '{"search_path=pg_catalog, pg_temp",enable_nestloop=off}'::text[]),
            ('sffdw.decline(sffdw.write_request, text, text, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.complete_request(text, integer, text, text, jsonb, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_requests(sffdw.connection, sffdw.mapping, sffdw.captured_change[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_request(sffdw.connection, sffdw.captured_change)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.make_all_requests(sffdw.connection, sffdw.captured_change[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
