-- Deploy sffdw:functions/send_batch to pg
-- requires: functions/caught_error
-- requires: functions/claim_entries
-- requires: functions/confirm_made
-- requires: functions/count_calls
-- requires: functions/doubt_rejections
-- requires: functions/judge_failures
-- requires: functions/make_request
-- requires: functions/name_resent
-- requires: functions/resolve_conflicts
-- requires: tables/sync_run

BEGIN;

CREATE FUNCTION sffdw.judge_answer(
    success       boolean,
    operation     text,
    status_code   text,
    http_status   integer,
    is_transient  boolean,
    may_try_again boolean
)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN success THEN 'accepted'
        WHEN success IS NULL THEN 'doubt'
        WHEN operation = 'delete' AND status_code = 'ENTITY_IS_DELETED' THEN 'accepted'
        WHEN is_transient AND (sffdw.concerns_org(http_status, status_code) OR may_try_again) THEN 'again'
        ELSE 'rejected'
    END;
$function$;

COMMENT ON FUNCTION sffdw.judge_answer(boolean, text, text, integer, boolean, boolean) IS
    'Say what an answer means. A lost one is a doubt. What Salesforce calls passing is tried again: for ever while it '
    'is out of reach, a few times where it is one record''s lock. A record that is gone already has been deleted.';

CREATE TYPE sffdw.write_answer AS (
    position     integer,
    operation    text,
    record_id    text,
    success      boolean,
    created      boolean,
    status_code  text,
    http_status  integer,
    message      text,
    fields       text[],
    is_transient boolean
);

COMMENT ON TYPE sffdw.write_answer IS 'What Salesforce answered to an entry of a batch, as _write tells it.';

CREATE FUNCTION sffdw.read_answers(connection sffdw.connection, batch_id uuid)
RETURNS sffdw.write_answer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answers sffdw.write_answer[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(ROW(w.position, w.operation, w.record_id, w.success, w.created, w.status_code, w.http_status,
                             w.message, w.fields, w.transient)::sffdw.write_answer)
        FROM %I._write w
        WHERE w.batch_id = %L
    $query$, connection.live_schema_name, batch_id)
    INTO v_answers;
    RETURN v_answers;
END
$function$;

COMMENT ON FUNCTION sffdw.read_answers(sffdw.connection, uuid) IS
    'Return what this backend was answered to a batch.';

CREATE FUNCTION sffdw.answer_claims(
    connection sffdw.connection,
    batch_id   uuid,
    claims     sffdw.write_claim[],
    answers    sffdw.write_answer[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- A plan for any number of entries would be one for ten; and of claims the planner expects one, hence loops over loops.
SET plan_cache_mode = 'force_custom_plan'
SET enable_nestloop = 'off'
AS $function$
DECLARE
    v_attempts CONSTANT integer := sffdw.sync_setting(connection.options, 'row_lock_attempts');
    v_ids      CONSTANT integer[] := ARRAY(SELECT k.entry_id FROM unnest(claims) k);
BEGIN
    UPDATE sffdw.write_claim c
    SET phase = CASE v.verdict WHEN 'doubt' THEN 'doubtful' WHEN 'again' THEN 'waiting' ELSE 'answered' END,
        final_state = CASE v.verdict WHEN 'accepted' THEN 'SUCCESS' WHEN 'rejected' THEN 'FAILED' END,
        next_try_at = CASE v.verdict
            WHEN 'doubt' THEN clock_timestamp()
            -- What was not sent, because another request failed, has not failed again itself.
            WHEN 'again' THEN clock_timestamp() + sffdw.retry_pause(CASE WHEN v.is_unsent THEN 1 ELSE c.attempt_count END)
        END,
        attempt_count = c.attempt_count - v.is_unsent::integer,
        passing_count = c.passing_count
            + (v.verdict = 'again' AND NOT sffdw.concerns_org(v.http_status, v.status_code))::integer,
        record_id = v.record_id,
        is_created = v.created,
        http_status = CASE WHEN v.is_unsent THEN c.http_status ELSE v.http_status END,
        status_code = CASE WHEN v.is_unsent THEN coalesce(c.status_code, v.status_code) ELSE v.status_code END,
        message = v.message,
        fields = v.fields
    FROM (
        -- Of arrays the planner knows how many they are: a table of claims looks to it as if it had one row.
        SELECT k.entry_id, a.*, coalesce(a.status_code = 'NOT_SENT', false) AS is_unsent, CASE
                   WHEN a.success THEN 'accepted'
                   ELSE sffdw.judge_answer(a.success, a.operation, a.status_code, a.http_status, a.is_transient,
                                           k.passing_count + 1 < v_attempts)
               END AS verdict
        FROM unnest(answers) a
        JOIN unnest(claims) k ON k.batch_position = a.position
    ) v
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (v_ids)
    AND c.entry_id = v.entry_id
    AND c.batch_id = answer_claims.batch_id;
    PERFORM sffdw.note_accepted(connection.connection_id)
    WHERE EXISTS (
        SELECT FROM unnest(answers) a WHERE a.success OR a.http_status = 400 AND a.status_code <> 'UNREADABLE');
    PERFORM sffdw.judge_failures(connection, ARRAY(
        SELECT k.entry_id
        FROM unnest(answers) a
        JOIN unnest(claims) k ON k.batch_position = a.position
        WHERE a.success IS NOT TRUE
        AND a.status_code <> 'NOT_SENT'));
    PERFORM sffdw.note_answers(connection, batch_id);
END
$function$;

COMMENT ON FUNCTION sffdw.answer_claims(
    sffdw.connection, uuid, sffdw.write_claim[], sffdw.write_answer[]) IS
    'Note on the claims of a batch what Salesforce answered.';

CREATE FUNCTION sffdw.note_answers(connection sffdw.connection, batch_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_claims CONSTANT sffdw.write_claim[] := ARRAY(
        SELECT c
        FROM sffdw.write_claim c
        WHERE c.connection_id = connection.connection_id
        AND c.batch_id = note_answers.batch_id
        AND (c.phase = 'waiting' OR c.record_id IS NOT NULL)
    );
BEGIN
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = CASE c.phase WHEN 'waiting' THEN 'NEW' ELSE l.state END,
            sfid = CASE WHEN l.action = 'INSERT' THEN coalesce(c.record_id, l.sfid) ELSE l.sfid END,
            updated_at = clock_timestamp()
        FROM unnest($1) c
        WHERE l.id = c.entry_id
        AND (c.phase = 'waiting' OR l.action = 'INSERT')
    $query$, connection.schema_name)
    USING v_claims;
END
$function$;

COMMENT ON FUNCTION sffdw.note_answers(sffdw.connection, uuid) IS
    'Carry into the trigger log what cannot wait until rows are written back: entries to be sent again are NEW, and '
    'an INSERT''s entry knows its sfid, so that a poll can match the record with the row.';

CREATE FUNCTION sffdw.confirm_or_put_off(connection sffdw.connection, requests sffdw.write_request[])
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN sffdw.confirm_made(connection, requests);
EXCEPTION WHEN OTHERS THEN
    PERFORM sffdw.put_off(connection, ARRAY(
        SELECT r FROM unnest(requests) r WHERE r.operation = 'insert' AND r.final_state = 'SUCCESS'), SQLSTATE, SQLERRM);
    RETURN ARRAY(
        SELECT r
        FROM unnest(requests) r
        WHERE (r.operation, r.final_state) IS DISTINCT FROM ('insert', 'SUCCESS'));
END
$function$;

COMMENT ON FUNCTION sffdw.confirm_or_put_off(sffdw.connection, sffdw.write_request[]) IS
    'Return the requests with those INSERTs that are to be sent after all, see confirm_made; what Salesforce cannot be '
    'asked about is put off.';

CREATE FUNCTION sffdw.send_requests(connection sffdw.connection, batch_id uuid)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = 'force_custom_plan'
AS $function$
DECLARE
    v_claims   CONSTANT sffdw.write_claim[] := ARRAY(
        SELECT c
        FROM sffdw.write_claim c
        WHERE c.connection_id = connection.connection_id
        AND c.batch_id = send_requests.batch_id
    );
    v_requests sffdw.write_request[] := ARRAY(
        SELECT r
        FROM sffdw.make_all_requests(connection, ARRAY(
            SELECT g
            FROM sffdw.read_changes(connection, ARRAY(SELECT k.entry_id FROM unnest(v_claims) k)) g
        )) r
    );
    v_count    integer;
BEGIN
    v_requests := sffdw.resolve_conflicts(connection, sffdw.confirm_or_put_off(connection, v_requests));
    v_requests := sffdw.name_resent(connection, v_requests, v_claims);

    UPDATE sffdw.write_claim c
    SET phase = 'answered', final_state = r.final_state, status_code = r.status_code, message = r.message,
        record_id = CASE r.final_state WHEN 'SUCCESS' THEN r.record ->> 'Id' END, is_created = NULL,
        http_status = NULL, fields = NULL
    FROM unnest(v_requests) r
    WHERE r.final_state IS NOT NULL
    AND c.connection_id = connection.connection_id
    AND c.entry_id = r.entry_id;

    EXECUTE format($query$
        INSERT INTO %I._write (batch_id, position, object_name, operation, external_id_field, record, request_size,
                               is_suspect)
        SELECT k.batch_id, k.batch_position, r.object_name, r.operation, r.external_id_field, r.record,
               CASE WHEN k.status_code IS NULL THEN NULL
                    WHEN sffdw.is_suspect(k.http_status, k.status_code)
                    THEN sffdw.request_size(k.attempt_count, k.status_code, true)
                    ELSE sffdw.request_size(k.passing_count + 1, k.status_code) END,
               k.status_code IS NOT NULL AND sffdw.is_suspect(k.http_status, k.status_code)
        FROM unnest($1) r
        JOIN unnest($2) k ON k.entry_id = r.entry_id
        WHERE r.final_state IS NULL
        ORDER BY k.batch_position
    $query$, connection.live_schema_name)
    USING v_requests, v_claims;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM sffdw.answer_claims(connection, batch_id, v_claims, sffdw.read_answers(connection, batch_id));
    END IF;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.send_requests(sffdw.connection, uuid) IS
    'Send a claimed batch in one statement and note the answers; return how many records were sent.';

CREATE FUNCTION sffdw.doubt_batch(connection sffdw.connection, batch_id uuid, is_unsent boolean, reason text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE sffdw.write_claim c
    SET phase = CASE WHEN is_unsent THEN 'waiting' ELSE 'doubtful' END,
        next_try_at = clock_timestamp() + interval '5 seconds',
        http_status = NULL,
        status_code = NULL,
        message = reason
    WHERE c.connection_id = connection.connection_id
    AND c.batch_id = doubt_batch.batch_id;
    PERFORM sffdw.note_answers(connection, batch_id);
END
$function$;

COMMENT ON FUNCTION sffdw.doubt_batch(sffdw.connection, uuid, boolean, text) IS
    'Put back a batch whose sending failed: to be sent again if it surely did not leave, else in doubt.';

CREATE FUNCTION sffdw.note_refusal(connection_id integer, batch_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_claim sffdw.write_claim;
BEGIN
    SELECT c.*
    INTO v_claim
    FROM sffdw.write_claim c
    WHERE c.connection_id = note_refusal.connection_id
    AND c.batch_id = note_refusal.batch_id
    AND c.phase = 'waiting'
    AND c.status_code IN ('SF003', 'REQUEST_LIMIT_EXCEEDED', 'TXN_SECURITY_METERING_ERROR')
    ORDER BY c.batch_position
    LIMIT 1;
    IF FOUND THEN
        PERFORM sffdw.record_connection_error(connection_id, jsonb_build_object(
            'sqlstate', CASE v_claim.status_code WHEN 'SF003' THEN 'SF003' ELSE 'SF004' END,
            'message', v_claim.message));
    ELSE
        PERFORM sffdw.end_throttle(connection_id);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.note_refusal(integer, uuid) IS
    'Throttle a connection whose batch met a limit of the org or the end of the budget; one that was accepted ends '
    'that.';

CREATE FUNCTION sffdw.log_batch(
    connection   sffdw.connection,
    batch_id     uuid,
    started_at   timestamptz,
    error        text,
    calls_before bigint,
    bytes_before bigint
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_spent record := sffdw.own_calls(connection);
BEGIN
    EXECUTE format($query$
        INSERT INTO sffdw.sync_run (
            connection_id, object_name, purpose, started_at, ended_at, outcome, read_count, inserted_count,
            updated_count, deleted_count, call_count, byte_count, error)
        SELECT $1, CASE WHEN count(DISTINCT l.table_name) = 1 THEN min(m.object_name) END, 'write', $3,
               clock_timestamp(),
               CASE WHEN $4 IS NOT NULL THEN 'error'
                    WHEN bool_and(c.final_state = 'SUCCESS') THEN 'ok'
                    ELSE 'partial' END,
               count(*),
               count(*) FILTER (WHERE c.final_state = 'SUCCESS' AND l.action = 'INSERT'),
               count(*) FILTER (WHERE c.final_state = 'SUCCESS' AND l.action = 'UPDATE'),
               count(*) FILTER (WHERE c.final_state = 'SUCCESS' AND l.action = 'DELETE'),
               $5, $6, $4
        FROM sffdw.write_claim c
        JOIN %I._trigger_log l ON l.id = c.entry_id
        LEFT JOIN sffdw.mapping m ON m.connection_id = $1 AND m.table_name = l.table_name
        WHERE c.connection_id = $1
        AND c.batch_id = $2
    $query$, connection.schema_name)
    USING connection.connection_id, batch_id, started_at, error, v_spent.call_count - calls_before,
          v_spent.byte_count - bytes_before;
    UPDATE sffdw.connection c
    SET last_write_at = clock_timestamp()
    WHERE c.connection_id = connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.log_batch(sffdw.connection, uuid, timestamptz, text, bigint, bigint) IS
    'Enter a batch into sync_run: entries read and accepted, by action, and what this session has spent since.';

CREATE FUNCTION sffdw.send_batch(connection_id integer, batch_id uuid)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_started_at timestamptz := clock_timestamp();
    v_before     record;
    v_caught     jsonb;
    v_sqlstate   text;
    v_message    text;
    v_detail     text;
    v_hint       text;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = send_batch.connection_id;
    IF v_connection.state = 'RECOVERY' THEN
        PERFORM sffdw.doubt_batch(v_connection, batch_id, true, v_connection.last_error);
        RETURN NULL;
    END IF;
    v_before := sffdw.own_calls(v_connection);
    BEGIN
        PERFORM sffdw.send_requests(v_connection, batch_id);
        PERFORM sffdw.doubt_rejections(v_connection, batch_id);
        PERFORM sffdw.note_refusal(connection_id, batch_id);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                                v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
        v_caught := jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail,
                                       'hint', v_hint);
        -- A login that fails, or a budget that is exhausted, stops the statement before anything is sent.
        PERFORM sffdw.doubt_batch(v_connection, batch_id, v_sqlstate IN ('SF001', 'SF003'), v_message);
        PERFORM sffdw.record_connection_error(connection_id, v_caught);
    END;
    PERFORM sffdw.log_batch(v_connection, batch_id, v_started_at, v_caught ->> 'message', v_before.call_count,
                            v_before.byte_count);
    RETURN v_caught;
END
$function$;

COMMENT ON FUNCTION sffdw.send_batch(integer, uuid) IS
    'Send a batch that was claimed and committed, and note the answers. An error is returned: what it leaves unknown '
    'is in doubt.';

COMMIT;
