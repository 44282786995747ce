-- Deploy sffdw:functions/judge_doubt to pg
-- requires: functions/compare_record
-- requires: functions/pair_records
-- requires: functions/sync_setting
-- requires: functions/take_doubts

BEGIN;

CREATE FUNCTION sffdw.group_alike(requests sffdw.write_request[], answers sffdw.found_record[])
RETURNS TABLE (entry_ids integer[], record_ids text[], same_count bigint)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = 'off'
AS $function$
    -- What differs only in values that the other side does not have is one group: some thousand alike creates and as
    -- many records would be millions of pairs.
    WITH sent AS MATERIALIZED (
        SELECT v.* FROM sffdw.sent_values(requests) v
    ), found AS MATERIALIZED (
        SELECT a.record_id, c.column_name, sffdw.plain_value(a.content -> c.column_name, c.sf_type) AS value
        FROM unnest(answers) a
        CROSS JOIN (SELECT DISTINCT s.column_name, s.sf_type FROM sent s) c
        WHERE a.content ? c.column_name
    ), sent_group AS MATERIALIZED (
        SELECT k.content, k.sent_count, array_agg(k.entry_id ORDER BY k.entry_id) AS ids, row_number() OVER () AS number
        FROM (
            SELECT r.entry_id, count(s.entry_id) AS sent_count,
                   jsonb_object_agg(f.column_name, f.value) FILTER (WHERE f.column_name IS NOT NULL) AS content
            FROM unnest(requests) r
            LEFT JOIN sent s ON s.entry_id = r.entry_id
            LEFT JOIN (SELECT DISTINCT o.column_name, o.value FROM found o) f
                ON f.column_name = s.column_name AND f.value = s.value
            GROUP BY r.entry_id
        ) k
        GROUP BY k.content, k.sent_count
    ), found_group AS MATERIALIZED (
        SELECT k.content, array_agg(k.record_id ORDER BY k.record_id) AS ids, row_number() OVER () AS number
        FROM (
            SELECT a.record_id,
                   jsonb_object_agg(s.column_name, s.value) FILTER (WHERE s.column_name IS NOT NULL) AS content
            FROM unnest(answers) a
            LEFT JOIN found f ON f.record_id = a.record_id
            LEFT JOIN (SELECT DISTINCT o.column_name, o.value FROM sent o) s
                ON s.column_name = f.column_name AND s.value = f.value
            GROUP BY a.record_id
        ) k
        GROUP BY k.content
    ), alike AS (
        SELECT s.number AS sent_number, f.number AS found_number, count(*) AS same_count
        FROM (SELECT g.number, g.sent_count, v.* FROM sent_group g CROSS JOIN jsonb_each_text(g.content) v) s
        JOIN (SELECT g.number, v.* FROM found_group g CROSS JOIN jsonb_each_text(g.content) v) f
            ON f.key = s.key AND f.value = s.value
        GROUP BY s.number, f.number, s.sent_count
        HAVING count(*) * 2 >= s.sent_count
        UNION ALL
        SELECT s.number, f.number, 0 FROM sent_group s CROSS JOIN found_group f WHERE s.sent_count = 0
    )
    SELECT s.ids, f.ids, k.same_count
    FROM alike k
    JOIN sent_group s ON s.number = k.sent_number
    JOIN found_group f ON f.number = k.found_number;
$function$;

COMMENT ON FUNCTION sffdw.group_alike(sffdw.write_request[], sffdw.found_record[]) IS
    'Return which records hold at least half of what creates have sent, and how many values: groups of creates, each of '
    'which is like each record of a group.';

CREATE FUNCTION sffdw.find_alike(requests sffdw.write_request[], answers sffdw.found_record[])
RETURNS TABLE (entry_id integer, like_count bigint, record_ids text[], is_altered boolean, rival_count bigint)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = 'off'
AS $function$
    WITH pair AS MATERIALIZED (
        SELECT g.entry_ids, g.record_ids, g.same_count FROM sffdw.group_alike(requests, answers) g
    ), liked AS (
        SELECT p.entry_ids, sum(cardinality(p.record_ids))::bigint AS like_count
        FROM pair p
        GROUP BY p.entry_ids
    ), rival AS (
        SELECT p.record_ids[1] AS record_id, sum(cardinality(p.entry_ids))::bigint AS rival_count
        FROM pair p
        GROUP BY p.record_ids
    ), named AS (
        SELECT n.entry_ids, array_agg(n.record_id ORDER BY n.place) AS record_ids, max(n.same_count) AS same_count
        FROM (
            SELECT p.entry_ids, p.same_count, i AS record_id,
                   row_number() OVER (PARTITION BY p.entry_ids ORDER BY p.same_count DESC, i) AS place
            FROM pair p
            CROSS JOIN unnest(p.record_ids[:10]) i
        ) n
        WHERE n.place <= 10
        GROUP BY n.entry_ids
    )
    SELECT e, k.like_count, n.record_ids,
           n.same_count > 0 AND coalesce(
               coalesce(a.content ->> 'systemmodstamp', a.content ->> 'lastmodifieddate')::timestamptz
               > (a.content ->> 'createddate')::timestamptz, false),
           r.rival_count
    FROM liked k
    JOIN named n ON n.entry_ids = k.entry_ids
    JOIN unnest(answers) a ON a.record_id = n.record_ids[1]
    LEFT JOIN rival r ON r.record_id = n.record_ids[1]
    CROSS JOIN unnest(k.entry_ids) e;
$function$;

COMMENT ON FUNCTION sffdw.find_alike(sffdw.write_request[], sffdw.found_record[]) IS
    'Return of creates how many records that our user has made and nobody else accounts for hold at least half of what '
    'they have sent, and the ten that hold most. Of the first: whether it has been changed since it was made, by '
    'automation or somebody quick, and how many of the creates it is like, where it is the only one.';

CREATE FUNCTION sffdw.find_altered(request sffdw.write_request, answers sffdw.found_record[])
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT k.record_ids[1]
    FROM sffdw.find_alike(ARRAY[request], answers) k
    WHERE k.like_count = 1
    AND k.is_altered;
$function$;

COMMENT ON FUNCTION sffdw.find_altered(sffdw.write_request, sffdw.found_record[]) IS
    'Return the record that a create has made and that has been changed since, if only one can be that; else NULL.';

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
    record_id text,
    message   text
);

COMMENT ON TYPE sffdw.doubt_verdict IS
    'What asking has shown of an entry: the write was accepted, by making this record; was rejected, is to be sent '
    'again, is still unknown, or is undecided, for a person, with the reason.';

CREATE FUNCTION sffdw.wait_end(connection sffdw.connection, claim sffdw.write_claim)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A request that the API itself says has failed is over; a gateway knows nothing of it.
    SELECT coalesce(claim.doubtful_at, claim.claimed_at) + make_interval(secs => CASE
        WHEN claim.http_status = 500 AND claim.status_code <> 'UNREADABLE'
        THEN least(15, sffdw.sync_setting(connection.options, 'in_doubt_wait_s'))
        ELSE sffdw.sync_setting(connection.options, 'in_doubt_wait_s')
    END);
$function$;

COMMENT ON FUNCTION sffdw.wait_end(sffdw.connection, sffdw.write_claim) IS
    'Return until when a create in doubt may still be on its way.';

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
           j.record_id, NULL
    FROM unnest(requests) r
    JOIN unnest(claims) c ON c.entry_id = r.entry_id
    LEFT JOIN unnest(pairs) p ON p.entry_id = r.entry_id
    CROSS JOIN LATERAL sffdw.judge_doubt(
        r, CASE WHEN p.entry_id IS NULL THEN '{}' ELSE ARRAY[p.found] END::sffdw.found_record[], c.claimed_at,
        clock_timestamp() > sffdw.wait_end(connection, c)) j;
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
    v_left     sffdw.write_request[] := ARRAY(SELECT r FROM unnest(requests) r WHERE r.entry_id = ANY (left_ids));
    v_is_early boolean;
BEGIN
    IF left_ids = '{}' THEN
        RETURN;
    END IF;
    v_is_early := sffdw.has_unasked(connection, requests, (
        SELECT max(sffdw.wait_end(connection, c)) FROM unnest(claims) c WHERE c.entry_id = ANY (left_ids)
    ));
    RETURN QUERY
    SELECT l.entry_id, v.verdict, CASE v.verdict WHEN 'accepted' THEN l.record_id END,
           CASE v.verdict WHEN 'undecided' THEN format(
               'no answer came, and it is not known whether it has made one of these records: %s',
               array_to_string(l.record_ids, ', ')) END
    FROM (
        SELECT r.entry_id, k.record_ids[1] AS record_id, coalesce(k.like_count, 0) AS like_count,
               k.is_altered AND k.rival_count = 1 AS is_clear, k.record_ids
        FROM unnest(v_left) r
        LEFT JOIN sffdw.find_alike(v_left, answers) k ON k.entry_id = r.entry_id
    ) l
    CROSS JOIN LATERAL (SELECT CASE
        WHEN l.like_count = 0 THEN 'again'
        WHEN v_is_early THEN 'unknown'
        WHEN l.like_count = 1 AND l.is_clear THEN 'accepted'
        ELSE 'undecided'
    END AS verdict) v;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_left(
    sffdw.connection, sffdw.write_claim[], sffdw.write_request[], integer[], sffdw.found_record[]) IS
    'Say of inserts for which no record was found that holds their values, when the wait is over, whether one that '
    'nobody accounts for is theirs all the same: the only one that is much alike, of the only create, and changed since it '
    'was made. Where it cannot be told a person must look.';

COMMIT;
