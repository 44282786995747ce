-- Verify sffdw:functions/alter_mapping on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.drop_mapping_fields(sffdw.connection, sffdw.mapping, text[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.extend_mapped_table(sffdw.connection, sffdw.mapping, sffdw.described_field[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.request_backfill(sffdw.mapping, sffdw.described_field[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.apply_row_filter(sffdw.connection, sffdw.mapping)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.change_settings(sffdw.mapping, sffdw.described_field[], jsonb)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.change_fields(sffdw.connection, sffdw.mapping, sffdw.described_field[], text[], text[], text[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.change_indexes(sffdw.mapping, sffdw.described_field[], text[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.change_capture(sffdw.connection, sffdw.mapping, text, boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.alter_mapping(text, text[], text, text, text[], interval, boolean, text, text, '
             'text[], text, text, text, text, integer, boolean, integer, boolean, text[], text[], '
             'jsonb, boolean, text)',
             false, '{"search_path=pg_catalog, pg_temp","lock_timeout=10s"}'::text[])
        ) AS w (signature, is_definer, settings)
        JOIN pg_catalog.pg_proc p ON p.oid = w.signature::pg_catalog.regprocedure
    LOOP
        ASSERT v_routine.prosecdef = v_routine.is_definer, v_routine.signature || ' runs with the right role';
        ASSERT v_routine.proconfig = v_routine.settings, v_routine.signature || ' has its settings pinned';
        ASSERT pg_catalog.has_function_privilege('public', v_routine.signature, 'EXECUTE'),
            'everyone may call ' || v_routine.signature;
    END LOOP;
END
$do$;

ROLLBACK;
