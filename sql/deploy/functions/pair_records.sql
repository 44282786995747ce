-- Deploy sffdw:functions/pair_records to pg
-- requires: functions/ask_records
-- requires: functions/make_request
-- requires: functions/plain_value
-- requires: tables/mapping_field

BEGIN;

CREATE TYPE sffdw.record_pair AS (
    entry_id integer,
    found    sffdw.found_record
);

COMMENT ON TYPE sffdw.record_pair IS 'A request, by its entry, and the record that it has made or changed.';

CREATE FUNCTION sffdw.sent_values(requests sffdw.write_request[])
RETURNS TABLE (entry_id integer, column_name text, sf_type text, value text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A record that is named by its external id: {"Account": {"External_Id__c": "x"}}.
    SELECT r.entry_id, f.column_name::text, f.sf_type, sffdw.plain_value(coalesce(k.value, s.value), f.sf_type)
    FROM unnest(requests) r
    CROSS JOIN jsonb_each(r.record) s
    LEFT JOIN LATERAL jsonb_each(CASE jsonb_typeof(s.value) WHEN 'object' THEN s.value END) k ON true
    LEFT JOIN sffdw.mapping_field f
        ON f.mapping_id = requests[1].mapping_id AND f.field_name = concat_ws('.', s.key, k.key);
$function$;

COMMENT ON FUNCTION sffdw.sent_values(sffdw.write_request[]) IS
    'Return the values of requests of one mapping, by column of the live table; NULL: none is mapped for it.';

CREATE FUNCTION sffdw.pair_equal(
    entry_ids    integer[],
    contents     text[],
    column_names text[],
    sf_types     text[],
    answers      sffdw.found_record[]
)
RETURNS SETOF sffdw.record_pair
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Equal rows take one record each; one that is still there before one in the recycle bin.
    WITH sent AS MATERIALIZED (
        SELECT u.*, row_number() OVER (PARTITION BY u.content ORDER BY u.entry_id) AS place
        FROM unnest(entry_ids, contents) u (entry_id, content)
    ), plain AS MATERIALIZED (
        SELECT a.number, a.record_id, a.content, (
                   SELECT array_agg(sffdw.plain_value(a.content -> c.name, c.sf_type) ORDER BY c.number)::text
                   FROM unnest(column_names, sf_types) WITH ORDINALITY c (name, sf_type, number)
               ) AS plain_content
        FROM unnest(answers) WITH ORDINALITY a (record_id, content, number)
    ), found AS MATERIALIZED (
        SELECT p.*, row_number() OVER (
                   PARTITION BY p.plain_content
                   ORDER BY coalesce((p.content ->> 'isdeleted')::boolean, false), p.number) AS place
        FROM plain p
    )
    SELECT s.entry_id, ROW(f.record_id, f.content)::sffdw.found_record
    FROM sent s
    JOIN found f ON f.plain_content = s.content AND f.place = s.place;
$function$;

COMMENT ON FUNCTION sffdw.pair_equal(integer[], text[], text[], text[], sffdw.found_record[]) IS
    'Return which of the records hold in these columns what entries have sent in them.';

CREATE FUNCTION sffdw.pair_records(requests sffdw.write_request[], answers sffdw.found_record[])
RETURNS SETOF sffdw.record_pair
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
-- The planner does not know how many these are: some thousand loops over as many.
SET enable_nestloop = 'off'
AS $function$
DECLARE
    v_kind  record;
    v_left  sffdw.found_record[] := answers;
    v_pairs sffdw.record_pair[];
BEGIN
    IF requests[1].operation NOT IN ('insert', 'upsert') THEN
        RETURN QUERY
        SELECT r.entry_id, ROW(a.record_id, a.content)::sffdw.found_record
        FROM unnest(requests) r
        JOIN unnest(answers) a ON a.record_id = r.record ->> 'Id';
        RETURN;
    END IF;
    -- Those with values in the same fields are compared at once. A row with fewer values may equal a record of one with
    -- more, but not the other way round.
    FOR v_kind IN
        SELECT k.column_names, k.sf_types, array_agg(k.entry_id) AS entry_ids, array_agg(k.content) AS contents
        FROM (
            SELECT s.entry_id,
                   array_agg(s.column_name ORDER BY s.column_name) AS column_names,
                   array_agg(s.sf_type ORDER BY s.column_name) AS sf_types,
                   array_agg(s.value ORDER BY s.column_name)::text AS content
            FROM sffdw.sent_values(requests) s
            WHERE s.column_name <> 'sfid'
            GROUP BY s.entry_id
        ) k
        GROUP BY k.column_names, k.sf_types
        ORDER BY cardinality(k.column_names) DESC, k.column_names
    LOOP
        v_pairs := ARRAY(SELECT p FROM sffdw.pair_equal(v_kind.entry_ids, v_kind.contents, v_kind.column_names,
                                                        v_kind.sf_types, v_left) p);
        RETURN QUERY SELECT p.* FROM unnest(v_pairs) p;
        v_left := ARRAY(
            SELECT a
            FROM unnest(v_left) a
            LEFT JOIN unnest(v_pairs) p ON (p.found).record_id = a.record_id
            WHERE p.entry_id IS NULL
        );
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.pair_records(sffdw.write_request[], sffdw.found_record[]) IS
    'Return the record of each request of one operation that has one among these: the one with its Id, or, of requests '
    'that make records, one that holds the values sent. No record belongs to two requests.';

COMMIT;
