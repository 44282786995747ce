-- Deploy sffdw:functions/settle_doubt to pg
-- requires: functions/check_connection
-- requires: functions/compare_record
-- requires: functions/confirm_made
-- requires: functions/load_page
-- requires: functions/make_request
-- requires: functions/take_doubts
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
    UPDATE sffdw.write_claim c
    SET phase = 'doubtful', next_try_at = NULL
    WHERE c.connection_id = connection.connection_id
    AND c.phase = 'claimed'
    AND c.batch_id IS DISTINCT FROM own_batch
    AND (c.claimant_pid = pg_backend_pid()
         OR NOT EXISTS (
             SELECT
             FROM pg_stat_activity a
             WHERE a.pid = c.claimant_pid
             AND coalesce(a.backend_start, c.claimant_start) = c.claimant_start
         ));
    EXECUTE format($query$
        INSERT INTO sffdw.write_claim (connection_id, entry_id, phase, claimed_at, attempt_count)
        SELECT $1, l.id, 'doubtful', coalesce(l.updated_at, l.created_at, clock_timestamp()), 1
        FROM %I._trigger_log l
        WHERE l.state = 'PENDING'
        AND NOT EXISTS (
            SELECT
            FROM sffdw.write_claim c
            WHERE c.connection_id = $1
            AND c.entry_id = l.id
            AND c.phase IN ('claimed', 'in_job', 'doubtful', 'answered')
        )
        ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
        SET phase = 'doubtful', next_try_at = NULL, asked_at = NULL, final_state = NULL
    $query$, connection.schema_name)
    USING connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.mark_doubtful(sffdw.connection, uuid) IS
    'Put in doubt the entries that nobody is at work on any more: their claimant''s process is gone, or it is this '
    'session''s own from a run that was cut short.';

CREATE FUNCTION sffdw.close_doubt(connection sffdw.connection, entry_id integer, verdict text, record_id text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE sffdw.write_claim c
    SET phase = CASE verdict WHEN 'accepted' THEN 'answered' WHEN 'again' THEN 'waiting' ELSE 'doubtful' END,
        final_state = CASE verdict WHEN 'accepted' THEN 'SUCCESS' END,
        record_id = close_doubt.record_id,
        http_status = CASE verdict WHEN 'accepted' THEN 200 ELSE c.http_status END,
        status_code = NULL,
        message = CASE verdict WHEN 'accepted' THEN 'the answer was lost; found in Salesforce' ELSE c.message END,
        asked_at = clock_timestamp(),
        -- An answer that took long may still be on its way.
        next_try_at = CASE
            WHEN verdict = 'unknown' THEN clock_timestamp() + interval '10 seconds'
            WHEN verdict = 'again' AND c.http_status >= 500
                THEN c.claimed_at + interval '1 second' * least(power(2, least(c.attempt_count, 10) - 1), 300)
        END
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = close_doubt.entry_id;
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = CASE $2 WHEN 'again' THEN 'NEW' ELSE l.state END,
            sfid = CASE WHEN l.action = 'INSERT' THEN coalesce($3, l.sfid) ELSE l.sfid END,
            updated_at = clock_timestamp()
        WHERE l.id = $1
    $query$, connection.schema_name)
    USING entry_id, verdict, record_id;
END
$function$;

COMMENT ON FUNCTION sffdw.close_doubt(sffdw.connection, integer, text, text) IS
    'Note what asking has shown: the write was accepted, is to be sent again, or is still unknown.';

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

CREATE FUNCTION sffdw.find_altered(request sffdw.write_request, answers sffdw.found_record[])
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Automation, or somebody quick, may have changed the record since it was made.
    SELECT a.record_id
    FROM unnest(answers) a
    CROSS JOIN LATERAL sffdw.compare_record(request.mapping_id, request.record, a.content) c
    WHERE c.same_count > 0
    AND c.same_count * 2 >= c.sent_count
    ORDER BY c.same_count DESC, a.record_id
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.find_altered(sffdw.write_request, sffdw.found_record[]) IS
    'Return the one of the records that our user has made and nobody else accounts for that is most like what was '
    'sent, if at least half of its values are the same; NULL: none is.';

CREATE FUNCTION sffdw.judge_doubt(
    request       sffdw.write_request,
    answers       sffdw.found_record[],
    claimed_at    timestamptz,
    is_over       boolean,
    OUT verdict   text,
    OUT record_id text
)
RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_found sffdw.found_record;
    v_alive boolean;
BEGIN
    SELECT a.*
    INTO v_found
    FROM unnest(answers) a
    WHERE CASE request.operation
        WHEN 'insert' THEN sffdw.is_same_record(request.mapping_id, request.record, a.content)
        -- Deleted since by somebody, if it was made by this upsert; clocks may differ by minutes.
        WHEN 'upsert' THEN (NOT coalesce((a.content ->> 'isdeleted')::boolean, false)
                            OR (a.content ->> 'createddate')::timestamptz >= claimed_at - interval '15 minutes')
                           AND sffdw.is_same_record(request.mapping_id, request.record, a.content)
        ELSE a.record_id = request.record ->> 'Id'
    END
    LIMIT 1;
    v_alive := FOUND AND NOT coalesce((v_found.content ->> 'isdeleted')::boolean, false);
    record_id := CASE WHEN request.operation IN ('insert', 'upsert') THEN v_found.record_id END;
    verdict := CASE
        WHEN request.operation = 'delete' AND NOT v_alive THEN 'accepted'
        -- One in the recycle bin holds what it held last: it was changed first and deleted then.
        WHEN request.operation = 'update' AND v_found.record_id IS NOT NULL
        AND sffdw.is_same_record(request.mapping_id, request.record, v_found.content) THEN 'accepted'
        WHEN record_id IS NOT NULL THEN 'accepted'
        -- Only a plain create, sent twice, would make two records.
        WHEN request.operation = 'insert' AND NOT is_over THEN 'unknown'
        ELSE 'again'
    END;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_doubt(sffdw.write_request, sffdw.found_record[], timestamptz, boolean) IS
    'Say by what was found in Salesforce whether a request without an answer was accepted, is to be sent again, or is '
    'unknown still: a create that has not been found may be on its way until the wait is over.';

CREATE FUNCTION sffdw.make_doubted(connection sffdw.connection, claims sffdw.write_claim[])
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_requests sffdw.write_request[];
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
    PERFORM sffdw.close_doubt(connection, r.entry_id, 'again', NULL)
    FROM unnest(v_requests) r
    WHERE r.final_state IS NOT NULL;
    SELECT r.operation INTO v_operation FROM unnest(v_requests) r WHERE r.final_state IS NULL LIMIT 1;
    RETURN ARRAY(SELECT r FROM unnest(v_requests) r WHERE r.final_state IS NULL AND r.operation = v_operation);
END
$function$;

COMMENT ON FUNCTION sffdw.make_doubted(sffdw.connection, sffdw.write_claim[]) IS
    'Return the requests of claims in doubt, as far as they are of one operation.';

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
    v_request    sffdw.write_request;
    v_since      timestamptz;
    v_claimed_at timestamptz;
    v_judged     record;
    v_left       sffdw.write_request[] := '{}';
    v_is_early   boolean;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = settle_doubt.connection_id;
    PERFORM sffdw.mark_doubtful(v_connection, own_batch);
    SELECT array_agg(d), min(d.claimed_at) INTO v_claims, v_since FROM sffdw.take_doubts(v_connection) d;
    IF v_claims IS NULL THEN
        RETURN false;
    END IF;
    PERFORM sffdw.refuse_recovery(v_connection);
    v_requests := sffdw.make_doubted(v_connection, v_claims);
    SELECT m.* INTO v_mapping FROM sffdw.mapping m WHERE m.mapping_id = v_requests[1].mapping_id;
    IF FOUND THEN
        v_answers := ARRAY(SELECT a FROM sffdw.ask_about(v_connection, v_mapping, v_requests, v_since) a);
    END IF;
    FOREACH v_request IN ARRAY v_requests LOOP
        SELECT c.claimed_at INTO STRICT v_claimed_at FROM unnest(v_claims) c WHERE c.entry_id = v_request.entry_id;
        v_judged := sffdw.judge_doubt(
            v_request, v_answers, v_claimed_at, clock_timestamp() > v_claimed_at + make_interval(
                secs => sffdw.sync_setting(v_connection.options, 'in_doubt_wait_s')));
        IF v_request.operation = 'insert' AND v_judged.verdict = 'again' THEN
            v_left := v_left || v_request;
            CONTINUE;
        END IF;
        PERFORM sffdw.close_doubt(v_connection, v_request.entry_id, v_judged.verdict, v_judged.record_id);
        -- Equal rows take one record each.
        v_answers := ARRAY(SELECT a FROM unnest(v_answers) a WHERE a.record_id IS DISTINCT FROM v_judged.record_id);
    END LOOP;
    v_is_early := v_left <> '{}' AND sffdw.has_unasked(v_connection, v_requests, (
        SELECT max(c.claimed_at) FROM unnest(v_claims) c JOIN unnest(v_left) r ON r.entry_id = c.entry_id
    ) + make_interval(secs => sffdw.sync_setting(v_connection.options, 'in_doubt_wait_s')));
    FOREACH v_request IN ARRAY v_left LOOP
        v_judged.record_id := sffdw.find_altered(v_request, v_answers);
        IF v_judged.record_id IS NOT NULL AND v_is_early THEN
            PERFORM sffdw.close_doubt(v_connection, v_request.entry_id, 'unknown', NULL);
            CONTINUE;
        END IF;
        PERFORM sffdw.close_doubt(
            v_connection, v_request.entry_id,
            CASE WHEN v_judged.record_id IS NULL THEN 'again' ELSE 'accepted' END, v_judged.record_id);
        v_answers := ARRAY(SELECT a FROM unnest(v_answers) a WHERE a.record_id IS DISTINCT FROM v_judged.record_id);
    END LOOP;
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_doubt(integer, uuid) IS
    'Settle the oldest entries that may or may not have reached Salesforce, by asking there. Return whether there were '
    'any. Nothing in doubt is sent again without asking. Raises what the call to Salesforce raises.';

COMMIT;
