-- Verify sffdw:functions/note_schema on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.note_fields(sffdw.mapping, jsonb)', false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.settled_action(text)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.note_answer(sffdw.mapping, sffdw.schema_answer)', false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.find_by_prefix(sffdw.connection, sffdw.mapping, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'),
            ('sffdw.note_gone(sffdw.connection, sffdw.mapping)', false, '{"search_path=pg_catalog, pg_temp"}')
        ) AS w (signature, is_definer, settings)
        JOIN pg_catalog.pg_proc p ON p.oid = w.signature::pg_catalog.regprocedure
    LOOP
        ASSERT v_routine.prosecdef = v_routine.is_definer, v_routine.signature || ' runs with the right role';
        ASSERT v_routine.proconfig = v_routine.settings, v_routine.signature || ' has its settings pinned';
        ASSERT pg_catalog.has_function_privilege('public', v_routine.signature, 'EXECUTE'),
            'everyone may call ' || v_routine.signature;
    END LOOP;
    ASSERT pg_catalog.to_regtype('sffdw.schema_answer') IS NOT NULL, 'type sffdw.schema_answer exists';
END
$do$;

ROLLBACK;
