-- Verify sffdw:functions/judge_doubt on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    ASSERT pg_catalog.to_regtype('sffdw.doubt_verdict') IS NOT NULL, 'sffdw.doubt_verdict exists';
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.group_alike(sffdw.write_request[], sffdw.found_record[])',
             false, '{"search_path=pg_catalog, pg_temp",enable_nestloop=off}'::text[]),
            ('sffdw.find_alike(sffdw.write_request[], sffdw.found_record[])',
             false, '{"search_path=pg_catalog, pg_temp",enable_nestloop=off}'::text[]),
            ('sffdw.find_altered(sffdw.write_request, sffdw.found_record[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_doubt(sffdw.write_request, sffdw.found_record[], timestamptz, boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.wait_end(sffdw.connection, sffdw.write_claim)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.judge_doubts(sffdw.connection, sffdw.write_claim[], sffdw.record_pair[], sffdw.write_request[])',
             false, '{"search_path=pg_catalog, pg_temp",enable_nestloop=off}'::text[]),
            ('sffdw.judge_left(sffdw.connection, sffdw.write_claim[], sffdw.write_request[], integer[], sffdw.found_record[])',
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
