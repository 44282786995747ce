-- Verify sffdw:functions/check_schema on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.ask_schema(sffdw.connection, integer[], boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.take_answer(sffdw.connection, integer, sffdw.schema_answer)',
             false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.carry_out(sffdw.connection, sffdw.mapping, sffdw.schema_event)',
             false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.carry_out_event(sffdw.connection, sffdw.schema_event, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp",lock_timeout=2s}'),
            ('sffdw.carry_out_events(sffdw.connection, integer, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.check_schema(sffdw.connection, integer[], boolean)',
             false, '{"search_path=pg_catalog, pg_temp",lock_timeout=2s}')
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
