-- Deploy sffdw:functions/judge_intent to pg
-- requires: functions/read_intents
-- requires: functions/settle_doubt

BEGIN;

CREATE TYPE sffdw.undone_change AS (
    sfid       text,
    operation  text,
    is_created boolean,
    record     jsonb,
    old        jsonb
);

COMMENT ON TYPE sffdw.undone_change IS
    'A change that Salesforce has accepted and that was rolled back here; old: the values of an update before.';

CREATE FUNCTION sffdw.ask_intent(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[],
    sent_at    timestamptz
)
RETURNS SETOF sffdw.found_record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF requests[1].operation <> 'insert' THEN
        RETURN QUERY SELECT a.* FROM sffdw.ask_about(connection, mapping, requests, sent_at) a;
        RETURN;
    END IF;
    -- A poll may have brought the records in: unlike the writer's doubts these have no row here that waits for them.
    RETURN QUERY EXECUTE format($query$
        SELECT a.record_id, a.content
        FROM sffdw.ask_created($1, $2, $3) a
        WHERE NOT EXISTS (
            SELECT
            FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
            WHERE l.action = 'INSERT'
            AND l.sfid = a.record_id
        )
        ORDER BY a.record_id
    $query$, connection.schema_name)
    USING connection, mapping, sent_at;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_intent(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz) IS
    'Return the records that a request whose answer never came may have made or changed, by one call.';

CREATE FUNCTION sffdw.make_intended(intent sffdw.sync_intent)
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_change   jsonb;
    v_request  sffdw.write_request;
    v_requests sffdw.write_request[] := '{}';
BEGIN
    FOR v_change IN SELECT c FROM jsonb_array_elements(intent.changes) c LOOP
        v_request.mapping_id := intent.mapping_id;
        v_request.operation := intent.operation;
        v_request.object_name := intent.object_name;
        v_request.external_id_field := intent.external_id_field;
        v_request.record := v_change -> 'record';
        v_requests := v_requests || v_request;
    END LOOP;
    RETURN v_requests;
END
$function$;

COMMENT ON FUNCTION sffdw.make_intended(sffdw.sync_intent) IS 'Return the requests of an intent, in its order.';

CREATE FUNCTION sffdw.find_carried_out(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    intent     sffdw.sync_intent,
    is_over    boolean
)
RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_requests sffdw.write_request[] := sffdw.make_intended(intent);
    v_answers  sffdw.found_record[] := ARRAY(
        SELECT a FROM sffdw.ask_intent(connection, mapping, v_requests, intent.sent_at) a);
    v_request  sffdw.write_request;
    v_judged   record;
    v_sfid     text;
    v_sfids    text[] := '{}';
BEGIN
    FOREACH v_request IN ARRAY v_requests LOOP
        v_judged := sffdw.judge_doubt(v_request, v_answers, intent.sent_at, is_over);
        v_sfid := CASE v_judged.verdict
            WHEN 'accepted' THEN coalesce(v_judged.record_id, v_request.record ->> 'Id')
            WHEN 'again' THEN CASE v_request.operation
                WHEN 'insert' THEN sffdw.find_altered(v_request, v_answers)
            END
        END;
        v_sfids := v_sfids || v_sfid;
        -- Equal rows take one record each.
        v_answers := ARRAY(SELECT a FROM unnest(v_answers) a
                           WHERE v_request.operation <> 'insert' OR a.record_id IS DISTINCT FROM v_sfid);
    END LOOP;
    RETURN v_sfids;
END
$function$;

COMMENT ON FUNCTION sffdw.find_carried_out(sffdw.connection, sffdw.mapping, sffdw.sync_intent, boolean) IS
    'Ask Salesforce what became of a request without an answer. Return for each of its changes the record''s Id where '
    'it was carried out, else NULL.';

CREATE FUNCTION sffdw.judge_intent(connection sffdw.connection, mapping sffdw.mapping, intent sffdw.sync_intent)
RETURNS sffdw.undone_change[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- An answer that took long may still be on its way.
    v_is_over boolean := clock_timestamp() > intent.sent_at + make_interval(
        secs => sffdw.sync_setting(connection.options, 'in_doubt_wait_s'));
    v_sfids   text[];
BEGIN
    IF intent.is_answered THEN
        v_sfids := ARRAY(
            SELECT coalesce(c.value ->> 'record_id', c.value #>> '{record,Id}')
            FROM jsonb_array_elements(intent.changes) WITH ORDINALITY c (value, ordinality)
            ORDER BY c.ordinality);
    ELSE
        v_sfids := sffdw.find_carried_out(connection, mapping, intent, v_is_over);
        -- All or none: where one was carried out, all were, although somebody has changed a record since.
        IF array_remove(v_sfids, NULL) = '{}' THEN
            RETURN CASE WHEN v_is_over THEN '{}'::sffdw.undone_change[] END;
        END IF;
    END IF;
    RETURN ARRAY(
        SELECT ROW(coalesce(v_sfids[c.ordinality], c.value #>> '{record,Id}'), intent.operation,
                   CASE WHEN intent.operation = 'insert' THEN true ELSE (c.value -> 'created')::boolean END,
                   (c.value -> 'record') - 'Id', nullif(c.value -> 'old', 'null'))::sffdw.undone_change
        FROM jsonb_array_elements(intent.changes) WITH ORDINALITY c (value, ordinality)
        WHERE coalesce(v_sfids[c.ordinality], c.value #>> '{record,Id}') IS NOT NULL
        ORDER BY c.ordinality);
END
$function$;

COMMENT ON FUNCTION sffdw.judge_intent(sffdw.connection, sffdw.mapping, sffdw.sync_intent) IS
    'Return what a request has changed in Salesforce, by its answer or, where none came, by asking; empty: nothing. '
    'NULL: it cannot be told yet. Raises what the call to Salesforce raises.';

COMMIT;
