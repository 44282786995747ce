-- Deploy sffdw:functions/shared_value to pg
-- requires: functions/json_value
-- requires: functions/plain_value

BEGIN;

CREATE FUNCTION sffdw.shared_value(value jsonb, sf_type text, pg_type text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $function$
    -- A double precision column has fewer digits than Salesforce.
    SELECT CASE
        WHEN pg_type = 'double precision' AND p.value <> '' THEN p.value::double precision::text
        ELSE p.value
    END
    FROM (VALUES (sffdw.plain_value(value, sf_type))) AS p (value);
$function$;

COMMENT ON FUNCTION sffdw.shared_value(jsonb, text, text) IS
    'Return a value in the one form in which Salesforce''s and that of a local column of this type are equal.';

CREATE FUNCTION sffdw.logged_value(value text, sf_type text, pg_type text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN sffdw.shared_value(sffdw.json_value(value, sf_type), sf_type, pg_type);
EXCEPTION WHEN data_exception THEN
    -- Salesforce can have no such value: it equals itself only.
    RETURN value;
END
$function$;

COMMENT ON FUNCTION sffdw.logged_value(text, text, text) IS
    'Return a value of the trigger log as shared_value returns Salesforce''s.';

CREATE TYPE sffdw.past_change AS (
    place       integer,
    record_id   integer,
    entry_id    integer,
    column_name text
);

COMMENT ON TYPE sffdw.past_change IS 'A column of a row, and the entry up to which its past is asked for.';

CREATE FUNCTION sffdw.past_values(
    connection sffdw.connection,
    table_name text,
    changes    sffdw.past_change[],
    read_at    timestamptz
)
RETURNS TABLE (place integer, value text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF coalesce(cardinality(changes), 0) = 0 THEN
        RETURN;
    END IF;
    -- The last change that Salesforce accepted says what it had; what it did not accept says what it had instead. The log
    -- is read once, however many are asked for.
    RETURN QUERY EXECUTE format($query$
        WITH logged AS MATERIALIZED (
            SELECT l.id, l.record_id, l.action, l.state = 'SUCCESS' AND l.processed_at < $3 AS is_accepted,
                   l.old::%2$I.hstore AS old, l."values"::%2$I.hstore AS new
            FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
            WHERE l.table_name = $1
            AND l.record_id = ANY ($4)
            AND l.action IN ('INSERT', 'UPDATE')
        ), entry AS MATERIALIZED (
            SELECT w.place, l.id, l.action, l.is_accepted, l.old OPERATOR(%2$I.->) w.column_name AS before,
                   l.new OPERATOR(%2$I.->) w.column_name AS after
            FROM unnest($2) w
            JOIN logged l ON l.record_id = w.record_id
            WHERE l.id <= w.entry_id
            AND l.new OPERATOR(%2$I.?) w.column_name
        ), accepted AS (
            SELECT e.place, max(e.id) AS id FROM entry e WHERE e.is_accepted GROUP BY e.place
        )
        SELECT e.place, v.value
        FROM entry e
        LEFT JOIN accepted a ON a.place = e.place
        CROSS JOIN LATERAL (VALUES
            (e.after, true), (e.before, e.action = 'UPDATE' AND e.id IS DISTINCT FROM a.id)) v (value, counts)
        WHERE e.id >= coalesce(a.id, 0)
        AND v.counts
    $query$, connection.schema_name, connection.hstore_schema)
    USING table_name, changes, read_at, array(SELECT c.record_id FROM unnest(changes) c);
END
$function$;

COMMENT ON FUNCTION sffdw.past_values(sffdw.connection, text, sffdw.past_change[], timestamptz) IS
    'Return the values that columns of records may have in Salesforce by our own doing, up to an entry each, where nobody '
    'else has changed them: as logged, since the last change that was accepted before read_at.';

COMMIT;
