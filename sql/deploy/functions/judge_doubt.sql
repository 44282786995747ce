-- Deploy sffdw:functions/judge_doubt to pg
-- requires: functions/compare_record
-- requires: functions/pair_records
-- requires: functions/sync_setting
-- requires: functions/take_doubts

BEGIN;

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

CREATE TYPE sffdw.doubt_verdict AS (
    entry_id  integer,
    verdict   text,
    record_id text
);

COMMENT ON TYPE sffdw.doubt_verdict IS
    'What asking has shown of an entry: the write was accepted, by making this record; was rejected, is to be sent '
    'again, or is still unknown.';

CREATE FUNCTION sffdw.judge_doubts(
    connection sffdw.connection,
    claims     sffdw.write_claim[],
    pairs      sffdw.record_pair[],
    requests   sffdw.write_request[]
)
RETURNS SETOF sffdw.doubt_verdict
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = 'off'
AS $function$
    -- What was refused when it was sent again, and is not there, has been rejected.
    SELECT r.entry_id, CASE WHEN c.is_rejected AND j.verdict <> 'accepted' THEN 'rejected' ELSE j.verdict END,
           j.record_id
    FROM unnest(requests) r
    JOIN unnest(claims) c ON c.entry_id = r.entry_id
    LEFT JOIN unnest(pairs) p ON p.entry_id = r.entry_id
    CROSS JOIN LATERAL sffdw.judge_doubt(
        r, CASE WHEN p.entry_id IS NULL THEN '{}' ELSE ARRAY[p.found] END::sffdw.found_record[], c.claimed_at,
        clock_timestamp() > c.claimed_at + make_interval(
            secs => sffdw.sync_setting(connection.options, 'in_doubt_wait_s'))) j;
$function$;

COMMENT ON FUNCTION sffdw.judge_doubts(
    sffdw.connection, sffdw.write_claim[], sffdw.record_pair[], sffdw.write_request[]) IS
    'Say by the record that was found for each request, if any, what became of it.';

CREATE FUNCTION sffdw.judge_left(
    connection sffdw.connection,
    claims     sffdw.write_claim[],
    requests   sffdw.write_request[],
    left_ids   integer[],
    answers    sffdw.found_record[]
)
RETURNS SETOF sffdw.doubt_verdict
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request  sffdw.write_request;
    v_verdict  sffdw.doubt_verdict;
    v_answers  sffdw.found_record[] := answers;
    v_is_early boolean;
BEGIN
    IF left_ids = '{}' THEN
        RETURN;
    END IF;
    v_is_early := sffdw.has_unasked(connection, requests, (
        SELECT max(c.claimed_at) FROM unnest(claims) c WHERE c.entry_id = ANY (left_ids)
    ) + make_interval(secs => sffdw.sync_setting(connection.options, 'in_doubt_wait_s')));
    FOR v_request IN
        SELECT r.* FROM unnest(requests) r WHERE r.entry_id = ANY (left_ids) ORDER BY r.entry_id
    LOOP
        v_verdict.entry_id := v_request.entry_id;
        v_verdict.record_id := sffdw.find_altered(v_request, v_answers);
        IF v_verdict.record_id IS NULL THEN
            v_verdict.verdict := 'again';
        ELSIF v_is_early THEN
            v_verdict.verdict := 'unknown';
            v_verdict.record_id := NULL;
        ELSE
            v_verdict.verdict := 'accepted';
            v_answers := ARRAY(SELECT a FROM unnest(v_answers) a WHERE a.record_id <> v_verdict.record_id);
        END IF;
        RETURN NEXT v_verdict;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_left(
    sffdw.connection, sffdw.write_claim[], sffdw.write_request[], integer[], sffdw.found_record[]) IS
    'Say of inserts for which no record was found that holds their values, when the wait is over, whether one that '
    'nobody accounts for is theirs all the same.';

COMMIT;
