-- Verify sffdw:functions/load_chunk on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.can_insert_plainly(sffdw.connection, sffdw.mapping, sffdw.load_chunk)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.insert_plainly(text, text)',
             false, '{"xmlbinary=hex"}'::text[]),
            ('sffdw.insert_page(sffdw.connection, sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.page_rows(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.first_page_rows(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.next_page_rows(sffdw.connection, sffdw.mapping, sffdw.load_chunk)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.fitting_rows(sffdw.connection, bigint, bigint)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.take_page(sffdw.connection, sffdw.mapping, sffdw.load_chunk, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.read_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.advance_chunk(sffdw.connection, sffdw.mapping, sffdw.load_chunk)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.advance_load(integer, boolean, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.is_load_over(integer)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.lacks_load(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.finish_indexes(sffdw.connection, sffdw.mapping)',
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
