-- Deploy sffdw:functions/settle_doubt to pg
-- requires: functions/check_connection
-- requires: functions/confirm_made
-- requires: functions/judge_doubt
-- requires: functions/judge_failures
-- requires: functions/load_page
-- requires: functions/make_request
-- requires: functions/pace_look
-- requires: functions/write_back
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.mark_doubtful(connection sffdw.connection, own_batch uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What another role's session does is not shown in full: its process being there must do.
    WITH claimant AS MATERIALIZED (
        SELECT DISTINCT c.batch_id, c.claimant_pid, c.claimant_start
        FROM sffdw.write_claim c
        WHERE c.connection_id = connection.connection_id
        AND c.phase = 'claimed'
    ), gone AS MATERIALIZED (
        SELECT k.batch_id
        FROM claimant k
        WHERE k.batch_id IS DISTINCT FROM own_batch
        AND (k.claimant_pid = pg_backend_pid()
             OR NOT EXISTS (
                 SELECT
                 FROM pg_stat_activity a
                 WHERE a.pid = k.claimant_pid
                 AND coalesce(a.backend_start, k.claimant_start) = k.claimant_start
             ))
    )
    UPDATE sffdw.write_claim c
    SET phase = 'doubtful', next_try_at = NULL, http_status = NULL, status_code = NULL
    WHERE c.connection_id = connection.connection_id
    AND c.phase = 'claimed'
    AND c.batch_id IN (SELECT g.batch_id FROM gone g);
    PERFORM sffdw.adopt_orphans(connection);
END
$function$;

COMMENT ON FUNCTION sffdw.mark_doubtful(sffdw.connection, uuid) IS
    'Put in doubt the entries that nobody is at work on any more: their claimant''s process is gone, or it is this '
    'session''s own from a run that was cut short.';

CREATE FUNCTION sffdw.adopt_orphans(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_began_at CONSTANT timestamptz := clock_timestamp();
BEGIN
    IF NOT sffdw.may_look(connection.connection_id, 'orphan') THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        INSERT INTO sffdw.write_claim (connection_id, entry_id, phase, claimed_at, doubtful_at, attempt_count)
        SELECT $1, l.id, 'doubtful', coalesce(l.updated_at, l.created_at, clock_timestamp()), clock_timestamp(), 1
        FROM %I._trigger_log l
        WHERE l.state = 'PENDING'
        -- Not by NOT EXISTS: claims, of which the planner knows little, would be read once for each entry.
        AND l.id NOT IN (
            SELECT c.entry_id
            FROM sffdw.write_claim c
            WHERE c.connection_id = $1
            AND c.phase IN ('claimed', 'in_job', 'doubtful', 'answered')
        )
        ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
        SET phase = 'doubtful', doubtful_at = excluded.doubtful_at, next_try_at = NULL, asked_at = NULL,
            final_state = NULL, is_rejected = false, http_status = NULL, status_code = NULL
    $query$, connection.schema_name)
    USING connection.connection_id;
    PERFORM sffdw.note_look(connection.connection_id, 'orphan', v_began_at);
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_orphans(sffdw.connection) IS
    'Put in doubt the entries that are PENDING without a claim: the database was set back, or they were Heroku Connect''s.';

CREATE FUNCTION sffdw.next_question(connection sffdw.connection, claim sffdw.write_claim)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now CONSTANT timestamptz := clock_timestamp();
    v_age CONSTANT interval := v_now - coalesce(claim.doubtful_at, claim.claimed_at);
    v_end CONSTANT timestamptz := sffdw.wait_end(connection, claim);
BEGIN
    RETURN greatest(v_now + interval '10 seconds',
                    CASE WHEN v_end > v_now THEN least(v_now + v_age / 2, v_end) END);
END
$function$;

COMMENT ON FUNCTION sffdw.next_question(sffdw.connection, sffdw.write_claim) IS
    'Return when to ask next what became of a create that was not found: after ten seconds, later after half as long again '
    'as it is in doubt, and when the wait is over.';

CREATE FUNCTION sffdw.close_doubts(connection sffdw.connection, verdicts sffdw.doubt_verdict[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE sffdw.write_claim c
    SET phase = CASE v.verdict WHEN 'again' THEN 'waiting' WHEN 'unknown' THEN 'doubtful' ELSE 'answered' END,
        final_state = CASE
            WHEN v.verdict = 'accepted' THEN 'SUCCESS' WHEN v.verdict IN ('rejected', 'undecided') THEN 'FAILED'
        END,
        record_id = v.record_id,
        http_status = CASE v.verdict WHEN 'accepted' THEN 200 ELSE c.http_status END,
        status_code = CASE v.verdict WHEN 'undecided' THEN 'IN_DOUBT' WHEN 'accepted' THEN NULL ELSE c.status_code END,
        message = CASE v.verdict
            WHEN 'accepted' THEN 'the answer was lost; found in Salesforce'
            ELSE coalesce(v.message, c.message)
        END,
        asked_at = clock_timestamp(),
        is_resent = c.is_resent OR v.verdict = 'again',
        -- An answer that took long may still be on its way.
        next_try_at = CASE
            WHEN v.verdict = 'unknown' THEN sffdw.next_question(connection, c)
            WHEN v.verdict = 'again' AND sffdw.is_suspect(c.http_status, c.status_code)
                THEN c.claimed_at + sffdw.retry_pause(c.attempt_count)
        END
    FROM unnest(verdicts) v
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = v.entry_id;
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = CASE v.verdict WHEN 'again' THEN 'NEW' ELSE l.state END,
            sfid = CASE WHEN l.action = 'INSERT' THEN coalesce(v.record_id, l.sfid) ELSE l.sfid END,
            updated_at = clock_timestamp()
        FROM unnest($1) v
        WHERE l.id = v.entry_id
        AND v.verdict IN ('accepted', 'again')
    $query$, connection.schema_name)
    USING verdicts;
END
$function$;

COMMENT ON FUNCTION sffdw.close_doubts(sffdw.connection, sffdw.doubt_verdict[]) IS
    'Note what asking has shown.';

CREATE FUNCTION sffdw.ask_created(connection sffdw.connection, mapping sffdw.mapping, since timestamptz)
RETURNS SETOF sffdw.found_record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session record;
BEGIN
    EXECUTE format('SELECT s.user_id, s.server_time - clock_timestamp() AS ahead FROM %I._session s',
                   connection.live_schema_name)
    INTO v_session;
    RETURN QUERY
    SELECT a.record_id, a.content
    FROM sffdw.ask_records(connection, mapping, format(
        'l.createdbyid = %L AND l.createddate >= %L::timestamptz', v_session.user_id,
        since + v_session.ahead - interval '2 minutes')) a;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_created(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Return the records that our user has made since then, less two minutes.';

CREATE FUNCTION sffdw.find_unbound(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    since      timestamptz
)
RETURNS SETOF sffdw.found_record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT a.record_id, a.content
        FROM sffdw.ask_created($1, $2, $3) a
        WHERE NOT EXISTS (SELECT FROM %1$s t WHERE t.sfid = a.record_id)
        AND NOT EXISTS (
            SELECT
            FROM (TABLE %2$I._trigger_log UNION ALL TABLE %2$I._trigger_log_archive) l
            WHERE l.action = 'INSERT'
            AND l.sfid = a.record_id
        )
        ORDER BY a.record_id
    $query$, sffdw.mapped_table(connection, mapping), connection.schema_name)
    USING connection, mapping, since;
END
$function$;

COMMENT ON FUNCTION sffdw.find_unbound(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Return the records that our user has made since then, less two minutes, and that no local row or entry has.';

CREATE FUNCTION sffdw.ask_about(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[],
    since      timestamptz
)
RETURNS SETOF sffdw.found_record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_operation text := requests[1].operation;
    v_keys      text;
    v_column    name := 'id';
BEGIN
    IF v_operation = 'insert' THEN
        RETURN QUERY SELECT u.* FROM sffdw.find_unbound(connection, mapping, since) u;
        RETURN;
    ELSIF v_operation = 'upsert' THEN
        SELECT f.column_name INTO STRICT v_column FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id AND f.field_name = requests[1].external_id_field;
    END IF;
    SELECT string_agg(quote_literal(r.record ->> coalesce(r.external_id_field, 'Id')), ', ')
    INTO v_keys
    FROM unnest(requests) r;
    RETURN QUERY SELECT a.* FROM sffdw.ask_records(connection, mapping, format('l.%I IN (%s)', v_column, v_keys)) a;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_about(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz) IS
    'Return the records that requests of one operation, sent since then, may have made or changed, by one call.';

CREATE FUNCTION sffdw.make_doubted(connection sffdw.connection, claims sffdw.write_claim[])
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_requests  sffdw.write_request[];
    v_operation text;
BEGIN
    SELECT array_agg(r ORDER BY r.entry_id)
    INTO v_requests
    FROM unnest(sffdw.confirm_made(connection, ARRAY(
        SELECT a
        FROM sffdw.make_all_requests(connection, ARRAY(
            SELECT g FROM sffdw.read_changes(connection, ARRAY(SELECT c.entry_id FROM unnest(claims) c)) g
        )) a
    ))) r;
    -- What would not be sent now is declined when it is claimed again.
    PERFORM sffdw.close_doubts(connection, ARRAY(
        SELECT ROW(r.entry_id, CASE WHEN c.is_rejected THEN 'rejected' ELSE 'again' END, NULL,
                   NULL)::sffdw.doubt_verdict
        FROM unnest(v_requests) r
        JOIN unnest(claims) c ON c.entry_id = r.entry_id
        WHERE r.final_state IS NOT NULL
    ));
    SELECT r.operation INTO v_operation FROM unnest(v_requests) r WHERE r.final_state IS NULL LIMIT 1;
    RETURN ARRAY(
        SELECT r
        FROM unnest(v_requests) r
        WHERE r.final_state IS NULL
        AND r.operation = v_operation
        ORDER BY r.entry_id
        -- Creates are found by the time and by who made them, the others by their keys, which are named.
        LIMIT CASE WHEN v_operation <> 'insert' THEN 200 END
    );
END
$function$;

COMMENT ON FUNCTION sffdw.make_doubted(sffdw.connection, sffdw.write_claim[]) IS
    'Return the requests of claims in doubt, as far as they are of one operation and one call can ask about them.';

CREATE FUNCTION sffdw.settle_doubt(connection_id integer, own_batch uuid)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_mapping    sffdw.mapping;
    v_claims     sffdw.write_claim[];
    v_requests   sffdw.write_request[];
    v_answers    sffdw.found_record[];
    v_pairs      sffdw.record_pair[];
    v_verdicts   sffdw.doubt_verdict[];
    v_left       integer[] := '{}';
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = settle_doubt.connection_id;
    PERFORM sffdw.mark_doubtful(v_connection, own_batch);
    v_claims := ARRAY(SELECT d FROM sffdw.take_doubts(v_connection) d);
    IF v_claims = '{}' THEN
        RETURN false;
    END IF;
    PERFORM sffdw.refuse_recovery(v_connection);
    v_requests := sffdw.make_doubted(v_connection, v_claims);
    SELECT m.* INTO v_mapping FROM sffdw.mapping m WHERE m.mapping_id = v_requests[1].mapping_id;
    IF FOUND THEN
        v_answers := ARRAY(SELECT a FROM sffdw.ask_about(
            v_connection, v_mapping, v_requests, (SELECT min(c.claimed_at) FROM unnest(v_claims) c)) a);
    END IF;
    v_pairs := ARRAY(SELECT p FROM sffdw.pair_records(v_requests, v_answers) p);
    v_verdicts := ARRAY(SELECT v FROM sffdw.judge_doubts(v_connection, v_claims, v_pairs, v_requests) v);
    IF v_requests[1].operation = 'insert' THEN
        v_left := ARRAY(SELECT v.entry_id FROM unnest(v_verdicts) v WHERE v.verdict = 'again');
    END IF;
    PERFORM sffdw.close_doubts(v_connection, ARRAY(
        SELECT v FROM unnest(v_verdicts) v WHERE v.entry_id <> ALL (v_left)
        UNION ALL
        SELECT l
        FROM sffdw.judge_left(v_connection, v_claims, v_requests, v_left, ARRAY(
            SELECT a
            FROM unnest(v_answers) a
            WHERE NOT EXISTS (SELECT FROM unnest(v_pairs) p WHERE (p.found).record_id = a.record_id)
        )) l
    ));
    PERFORM sffdw.judge_failures(v_connection, ARRAY(SELECT c.entry_id FROM unnest(v_claims) c));
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_doubt(integer, uuid) IS
    'Settle the oldest entries that may or may not have reached Salesforce, by asking there. Return whether there were '
    'any. Nothing in doubt is sent again without asking. Raises what the call to Salesforce raises.';

COMMIT;
