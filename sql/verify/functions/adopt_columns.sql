-- Verify sffdw:functions/adopt_columns on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.named_lookup') IS NOT NULL, 'sffdw.named_lookup exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.check_adopted_columns(regclass, text, sffdw.described_field[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.unmatched_columns(regclass, sffdw.described_field[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.list_unfilled_columns(regclass, text, sffdw.described_field[], jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.choose_adopted_fields(regclass, text, sffdw.described_field[], jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.describe_adopted_paths(sffdw.connection, text, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.list_lookups(sffdw.connection, text, name[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.match_paths(sffdw.connection, text, name[], text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
