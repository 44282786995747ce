-- Verify sffdw:functions/adopt_mapping on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.check_adopted_keys(text, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopted_names(text, jsonb, sffdw.described_field[], text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.enter_adopted_mapping(sffdw.connection, text, boolean, jsonb, sffdw.described_field[], text, text[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopt_table(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.indexed_fields(integer)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopted_config(jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.describe_adopted_fields(sffdw.connection, text, regclass, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.import_adopted_table(sffdw.connection, text, name, sffdw.described_field[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopt_write_mode(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.apply_adopted_settings(sffdw.connection, sffdw.mapping, sffdw.described_field[], jsonb, text[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.adopt_mapping(sffdw.connection, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
