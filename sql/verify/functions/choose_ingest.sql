-- Verify sffdw:functions/choose_ingest on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.pause_ingest(integer, text, timestamptz, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.is_ingest_paused(integer, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.find_ingest_run(sffdw.connection, integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.names_related(integer, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.flat_record(jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.fill_ingest(sffdw.connection, sffdw.ingest_run)', false,
             '{"search_path=pg_catalog, pg_temp",enable_nestloop=off}'::text[]),
            ('sffdw.claim_ingest(sffdw.connection, integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.choose_ingest(sffdw.connection)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
