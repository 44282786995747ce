-- Verify sffdw:functions/send_batch on pg

BEGIN;

DO $do$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT w.signature, w.is_definer, w.settings, p.prosecdef, p.proconfig
        FROM (VALUES
            ('sffdw.judge_answer(boolean, text, text, integer, boolean, boolean)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.read_answers(sffdw.connection, uuid)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.answer_claims(sffdw.connection, uuid, sffdw.write_claim[], sffdw.write_answer[])',
             false, '{"search_path=pg_catalog, pg_temp",plan_cache_mode=force_custom_plan,enable_nestloop=off}'::text[]),
            ('sffdw.note_answers(sffdw.connection, uuid)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.confirm_or_put_off(sffdw.connection, sffdw.write_request[])',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.send_requests(sffdw.connection, uuid)',
             false, '{"search_path=pg_catalog, pg_temp",plan_cache_mode=force_custom_plan}'::text[]),
            ('sffdw.doubt_batch(sffdw.connection, uuid, boolean, text)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.note_refusal(integer, uuid)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.log_batch(sffdw.connection, uuid, timestamptz, text, bigint, bigint)',
             false, '{"search_path=pg_catalog, pg_temp"}'::text[]),
            ('sffdw.send_batch(integer, uuid)',
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
    ASSERT pg_catalog.to_regtype('sffdw.write_answer') IS NOT NULL, 'answers have a type';
END
$do$;

ROLLBACK;
