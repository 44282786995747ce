-- Verify sffdw:functions/merge_page on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.merge_count') IS NOT NULL, 'sffdw.merge_count exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.refuse_record(text, bigint, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.is_refused_alike(sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.merge_stage(sffdw.connection, sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp","lock_timeout=2s"}'::text[]),
            ('sffdw.tell_refused(sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.defer_records(sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.announce_changes(text, text, integer[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.merge_page(sffdw.connection, sffdw.mapping, text, timestamptz, text)',
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
