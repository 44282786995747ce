-- Deploy sffdw:functions/protect_stage to pg
-- requires: functions/match_stage
-- requires: tables/row_restore

BEGIN;

CREATE FUNCTION sffdw.logged_stamp(logged text)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
-- What the trigger log holds of a timestamp without time zone is UTC.
SET timezone = 'UTC'
AS $function$
    SELECT CASE WHEN logged ~ '^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-][\d:]+)?$' THEN logged::timestamptz END;
$function$;

COMMENT ON FUNCTION sffdw.logged_stamp(text) IS
    'Return the time that a timestamp in the trigger log means; NULL if it is not one in ISO form.';

CREATE FUNCTION sffdw.read_unsent(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    read_at    timestamptz
)
RETURNS TABLE (ordinal bigint, is_delete boolean, kept text[])
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- A rejected change stays as the contract wants it until the record next changes in Salesforce: as long as its
    -- SystemModstamp is not beyond the one that the row had when it was changed here.
    RETURN QUERY EXECUTE format($query$
        WITH entry AS MATERIALIZED (
            SELECT l.id, l.action, l.record_id, l.sfid, l."values", l.old,
                   l.state <> 'FAILED' OR l.processed_at >= %1$L AS is_binding
            FROM %2$I._trigger_log l
            WHERE l.table_name = %3$L
            AND (l.state IN ('NEW', 'PENDING', 'FAILED')
                 OR l.state = 'IGNORE' AND l.action = 'DELETE'
                 OR l.state IN ('SUCCESS', 'MERGED') AND l.processed_at >= %1$L)
            AND (l.state <> 'FAILED' OR NOT EXISTS (
                SELECT FROM sffdw.row_restore r WHERE r.mapping_id = %6$L AND r.entry_id = l.id))
            AND (l.record_id IN (SELECT i._local_id FROM %4$s i)
                 OR l.sfid COLLATE "C" IN (SELECT i.sfid FROM %4$s i))
        ), matched AS (
            SELECT s._ordinal, s._gone, s._stamp, e.* FROM %4$s s JOIN entry e ON e.record_id = s._local_id
            UNION
            SELECT s._ordinal, s._gone, s._stamp, e.* FROM %4$s s JOIN entry e ON e.sfid COLLATE "C" = s.sfid
        ), touched AS (
            SELECT m._ordinal, m.action = 'DELETE' AS is_delete, f.column_name
            FROM matched m
            LEFT JOIN LATERAL %5$I.each(m."values"::%5$I.hstore) v
                ON m.action = 'UPDATE' OR m.action = 'INSERT' AND v.value IS NOT NULL
            LEFT JOIN sffdw.mapping_field f
                ON f.mapping_id = %6$L AND f.column_name = v.key
                AND CASE m.action WHEN 'INSERT' THEN f.is_createable ELSE f.is_updateable END
            WHERE m.is_binding
            OR NOT m._gone
            AND m._stamp <= sffdw.logged_stamp(m.old::%5$I.hstore OPERATOR(%5$I.->) 'systemmodstamp')
        )
        SELECT t._ordinal, bool_or(t.is_delete),
               coalesce(array_agg(DISTINCT t.column_name::text) FILTER (WHERE t.column_name IS NOT NULL), '{}')
        FROM touched t
        GROUP BY t._ordinal
    $query$, read_at, connection.schema_name, mapping.table_name, stage, connection.hstore_schema,
        mapping.mapping_id);
END
$function$;

COMMENT ON FUNCTION sffdw.read_unsent(sffdw.connection, sffdw.mapping, text, timestamptz) IS
    'The staged records with local changes that are not in what was read since read_at: unsent, in flight, or settled '
    'after the read began. Whether one is a DELETE, and the columns that must keep their local value.';

CREATE FUNCTION sffdw.protect_stage(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    read_at    timestamptz
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %s s
        SET _kept = u.kept,
            _verdict = coalesce(s._verdict, CASE WHEN u.is_delete THEN 'skip' WHEN s._gone THEN 'unsent' END)
        FROM sffdw.read_unsent($1, $2, %L, %L) u
        WHERE u.ordinal = s._ordinal
    $query$, stage, stage, read_at)
    USING connection, mapping;
END
$function$;

COMMENT ON FUNCTION sffdw.protect_stage(sffdw.connection, sffdw.mapping, text, timestamptz) IS
    'Mark what local changes protect: columns keep their value, locally deleted records do not come back, and records '
    'deleted in Salesforce wait until the local change has had its answer.';

COMMIT;
