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

CREATE FUNCTION sffdw.past_values(
    connection  sffdw.connection,
    table_name  text,
    record_id   integer,
    entry_id    integer,
    column_name name,
    read_at     timestamptz
)
RETURNS SETOF text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The last change that Salesforce accepted says what it had; what it did not accept says what it had instead.
    RETURN QUERY EXECUTE format($query$
        WITH entry AS MATERIALIZED (
            SELECT l.id, l.action, l.state = 'SUCCESS' AND l.processed_at < $5 AS is_accepted,
                   l.old::%2$I.hstore OPERATOR(%2$I.->) $4 AS before,
                   l."values"::%2$I.hstore OPERATOR(%2$I.->) $4 AS after
            FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
            WHERE l.table_name = $1
            AND l.record_id = $2
            AND l.id <= $3
            AND l.action IN ('INSERT', 'UPDATE')
            AND l."values"::%2$I.hstore OPERATOR(%2$I.?) $4
        ), accepted AS (
            SELECT coalesce(max(e.id), 0) AS id FROM entry e WHERE e.is_accepted
        )
        SELECT v.value
        FROM entry e
        JOIN accepted a ON e.id >= a.id
        CROSS JOIN LATERAL (VALUES (true, e.after), (e.id > a.id AND e.action = 'UPDATE', e.before)) v (counts, value)
        WHERE v.counts
    $query$, connection.schema_name, connection.hstore_schema)
    USING table_name, record_id, entry_id, column_name::text, read_at;
END
$function$;

COMMENT ON FUNCTION sffdw.past_values(sffdw.connection, text, integer, integer, name, timestamptz) IS
    'Return the values that a column of a record may have in Salesforce by our own doing, up to this entry, where nobody '
    'else has changed it: as logged, since the last change that was accepted before read_at.';

COMMIT;
