-- Deploy sffdw:functions/note_conflicts to pg
-- requires: functions/protect_stage
-- requires: functions/shared_value
-- requires: tables/conflict

BEGIN;

CREATE TYPE sffdw.field_conflict AS (
    entry_id    integer,
    field_name  text,
    local_value text,
    org_value   text,
    base_value  text
);

COMMENT ON TYPE sffdw.field_conflict IS
    'A field that was changed here and in Salesforce, to different values; field_name NULL: the whole record.';

CREATE FUNCTION sffdw.note_conflict(
    mapping_id integer,
    sfid       text,
    conflict   sffdw.field_conflict,
    resolution text
)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO sffdw.conflict AS c (
        mapping_id, entry_id, sfid, field, local_value, org_value, base_value, resolution)
    VALUES (mapping_id, conflict.entry_id, sfid, conflict.field_name, conflict.local_value, conflict.org_value,
            conflict.base_value, resolution)
    ON CONFLICT (mapping_id, entry_id, coalesce(field, '')) WHERE entry_id IS NOT NULL DO UPDATE
    SET local_value = excluded.local_value,
        org_value = excluded.org_value,
        resolution = excluded.resolution,
        at = clock_timestamp()
    WHERE c.org_value IS DISTINCT FROM excluded.org_value;
$function$;

COMMENT ON FUNCTION sffdw.note_conflict(integer, text, sffdw.field_conflict, text) IS
    'Enter a conflict. One of the same entry and field that is known already is brought up to date if Salesforce''s '
    'value has changed since.';

CREATE FUNCTION sffdw.open_changes(connection sffdw.connection, mapping sffdw.mapping, stage text, read_at timestamptz)
RETURNS TABLE (ordinal bigint, record_id integer, column_name name, state text, is_younger boolean, last_id integer,
               conflict sffdw.field_conflict)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
SET timezone = 'UTC'
SET extra_float_digits = 1
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH kept AS MATERIALIZED (
            SELECT s._ordinal, s._local_id, s._stamp, v.key, v.value
            FROM %1$s s
            CROSS JOIN LATERAL %2$I.each(%2$I.slice(%2$I.hstore((ARRAY[s]::record[])[1]), s._kept)) v
            WHERE s._kept <> '{}'
            AND NOT s._gone
        )
        SELECT k._ordinal, k._local_id, f.column_name, (array_agg(l.state::text ORDER BY l.id))[1],
               bool_and(k._stamp > l.created_at), max(l.id),
               ROW(min(l.id), f.field_name,
                   (array_agg(l."values"::%2$I.hstore OPERATOR(%2$I.->) k.key ORDER BY l.id DESC))[1], k.value,
                   (array_agg(l.old::%2$I.hstore OPERATOR(%2$I.->) k.key ORDER BY l.id))[1])::sffdw.field_conflict
        FROM kept k
        JOIN %3$I._trigger_log l
            ON l.table_name = %4$L AND l.record_id = k._local_id AND l.action = 'UPDATE' AND l.old IS NOT NULL
            AND l."values"::%2$I.hstore OPERATOR(%2$I.?) k.key
            AND (l.state IN ('NEW', 'PENDING') OR l.state IN ('SUCCESS', 'MERGED') AND l.processed_at >= %5$L)
        JOIN sffdw.mapping_field f ON f.mapping_id = %6$L AND f.column_name = k.key
        GROUP BY k._ordinal, k._local_id, k.value, f.column_name, f.field_name
    $query$, stage, connection.hstore_schema, connection.schema_name, mapping.table_name, read_at,
        mapping.mapping_id);
END
$function$;

COMMENT ON FUNCTION sffdw.open_changes(sffdw.connection, sffdw.mapping, text, timestamptz) IS
    'Return the columns of staged records that keep their local value, one row a column, with the local changes that '
    'have them do so: the state of the oldest, whether Salesforce''s stamp is younger than all of them, the last one, and '
    'the values here, in Salesforce and before.';

CREATE FUNCTION sffdw.note_conflicts(
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
DECLARE
    v_is_any boolean;
BEGIN
    -- The other policies ask before they write, and enter what they find then.
    EXECUTE format('SELECT EXISTS (SELECT FROM %s s WHERE s._kept <> ''{}'')', stage) INTO v_is_any;
    IF mapping.conflict_policy <> 'last_writer' OR NOT v_is_any THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        WITH suspect AS MATERIALIZED (
            SELECT (row_number() OVER ())::integer AS place, s.sfid::text, o.*, f.sf_type, f.pg_type, g.value AS found
            FROM sffdw.open_changes($1, $2, %2$L, %3$L) o
            JOIN %2$s s ON s._ordinal = o.ordinal
            JOIN sffdw.mapping_field f ON f.mapping_id = %1$L AND f.column_name = o.column_name
            CROSS JOIN LATERAL (
                SELECT sffdw.logged_value((o.conflict).org_value, f.sf_type, f.pg_type)
            ) AS g (value)
            WHERE g.value NOT IN (
                sffdw.logged_value((o.conflict).local_value, f.sf_type, f.pg_type),
                sffdw.logged_value((o.conflict).base_value, f.sf_type, f.pg_type))
        ), past AS MATERIALIZED (
            SELECT p.place, p.value
            FROM sffdw.past_values($1, %4$L, (
                SELECT array_agg(ROW(u.place, u.record_id, u.last_id, u.column_name)::sffdw.past_change) FROM suspect u
            ), %3$L) p
        )
        SELECT sffdw.note_conflict(%1$L, u.sfid, u.conflict, CASE
            WHEN u.state NOT IN ('NEW', 'PENDING') THEN 'local kept: settled while Salesforce was read'
            WHEN u.is_younger THEN 'local kept: sent after, though changed before'
            ELSE 'local kept: sent after'
        END)
        FROM suspect u
        WHERE NOT EXISTS (
            SELECT
            FROM past p
            WHERE p.place = u.place
            AND u.found = sffdw.logged_value(p.value, u.sf_type, u.pg_type)
        )
    $query$, mapping.mapping_id, stage, read_at, mapping.table_name)
    USING connection, mapping;
END
$function$;

COMMENT ON FUNCTION sffdw.note_conflicts(sffdw.connection, sffdw.mapping, text, timestamptz) IS
    'Enter the conflicts that a staged page shows: columns that keep their local value although somebody else has '
    'changed them in Salesforce.';

COMMIT;
