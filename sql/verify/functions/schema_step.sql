-- Verify sffdw:functions/schema_step on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.is_schema_due(integer, timestamptz)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.retry_refused_fields(integer)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.run_schema_check(sffdw.connection, timestamptz)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.hasten_schema_check(sffdw.connection, text)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.record_schema_error(integer, text, timestamptz)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.schema_step(integer, timestamptz)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.schema_state(integer)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.leave_out_paths(sffdw.mapping, text)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.leave_out_refused(sffdw.mapping, text)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.follow_refusal(integer, text, timestamptz)',
             false, '{"search_path=pg_catalog, pg_temp",lock_timeout=2s}'),
            ('sffdw.refresh_schema(text, text)', false, '{"search_path=pg_catalog, pg_temp"}')
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
