-- Verify sffdw:functions/resolve_conflicts on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.read_current(sffdw.connection, sffdw.mapping, sffdw.write_request[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.field_conflicts(sffdw.connection, sffdw.mapping, sffdw.write_request[], jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.record_conflict(sffdw.field_conflict[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.ask_restore(integer, integer, text, name)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.apply_policy(sffdw.connection, sffdw.mapping, sffdw.write_request, sffdw.field_conflict[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.apply_gone(sffdw.mapping, sffdw.write_request)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.resolve_mapping(sffdw.connection, sffdw.mapping, sffdw.write_request[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.put_off(sffdw.connection, sffdw.write_request[], text, text)', false,
             '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.asks_first(integer, text)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.resolve_conflicts(sffdw.connection, sffdw.write_request[])', false, '{"search_path=pg_catalog, pg_temp"}'::text[])
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
