-- Deploy sffdw:functions/merge_columns to pg
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.live_table(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('%I.%I', connection.live_schema_name, mapping.table_name);
$function$;

COMMENT ON FUNCTION sffdw.live_table(sffdw.connection, sffdw.mapping) IS
    'Return the quoted name of the foreign table that a mapping is read from.';

CREATE FUNCTION sffdw.mapped_table(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('%I.%I', connection.schema_name, mapping.table_name);
$function$;

COMMENT ON FUNCTION sffdw.mapped_table(sffdw.connection, sffdw.mapping) IS
    'Return the quoted name of a mapping''s local table.';

CREATE FUNCTION sffdw.has_live_column(connection sffdw.connection, mapping sffdw.mapping, column_name name)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM pg_attribute a
        WHERE a.attrelid = sffdw.live_table(connection, mapping)::regclass
        AND a.attname = column_name
        AND NOT a.attisdropped
    );
$function$;

COMMENT ON FUNCTION sffdw.has_live_column(sffdw.connection, sffdw.mapping, name) IS
    'Whether the foreign table of a mapping has the column.';

CREATE FUNCTION sffdw.live_expression(
    connection  sffdw.connection,
    mapping     sffdw.mapping,
    column_name name,
    expression  text,
    otherwise   text
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN mapping.narrowed_to IS NULL AND sffdw.has_live_column(connection, mapping, column_name) THEN expression
        ELSE otherwise
    END;
$function$;

COMMENT ON FUNCTION sffdw.live_expression(sffdw.connection, sffdw.mapping, name, text, text) IS
    'Return the expression if the foreign table has the column and the mapping is read whole, else the other one.';

CREATE FUNCTION sffdw.read_scope(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A deleted record that cannot be told from a living one is not to be read.
    SELECT CASE WHEN sffdw.has_live_column(connection, mapping, 'isdeleted') THEN 'all' ELSE 'active' END;
$function$;

COMMENT ON FUNCTION sffdw.read_scope(sffdw.connection, sffdw.mapping) IS
    'Return the scope of reading: all records, the deleted and archived ones too, or the active ones of an object that '
    'does not say which are deleted.';

CREATE FUNCTION sffdw.job_operation(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE sffdw.read_scope(connection, mapping) WHEN 'all' THEN 'queryAll' ELSE 'query' END;
$function$;

COMMENT ON FUNCTION sffdw.job_operation(sffdw.connection, sffdw.mapping) IS
    'Return the operation of the Bulk jobs that read a mapping, see read_scope.';

CREATE FUNCTION sffdw.merge_columns(connection sffdw.connection, mapping sffdw.mapping)
RETURNS TABLE (column_name name, stage_type text, expression text, is_text boolean)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Values are staged without a length, so that one that is too long fails with its own row and not with its page.
    SELECT f.column_name,
           format_type(t.atttypid, NULL) || CASE
               WHEN t.attcollation <> 0 THEN format(' COLLATE %I.%I', n.nspname, c.collname)
               ELSE ''
           END,
           CASE
               WHEN f.column_name = 'sfid' THEN 'l.id'
               WHEN l.atttypid = 'timestamptz'::regtype AND t.atttypid = 'timestamp'::regtype
               OR l.atttypid = 'timestamp'::regtype AND t.atttypid = 'timestamptz'::regtype
                   -- A zone that is an interval costs nothing to find.
                   THEN format('l.%I AT TIME ZONE INTERVAL ''0''', f.column_name)
               ELSE format('l.%I::%s', f.column_name, format_type(t.atttypid, NULL))
           END,
           t.attcollation <> 0
    FROM sffdw.mapping_field f
    JOIN pg_attribute t
        ON t.attrelid = sffdw.mapped_table(connection, mapping)::regclass
        AND t.attname = f.column_name
        AND NOT t.attisdropped
    JOIN pg_attribute l
        ON l.attrelid = sffdw.live_table(connection, mapping)::regclass
        AND l.attname = CASE f.column_name WHEN 'sfid' THEN 'id' ELSE f.column_name END
        AND NOT l.attisdropped
    LEFT JOIN pg_collation c ON c.oid = t.attcollation
    LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
    WHERE f.mapping_id = mapping.mapping_id
    AND (mapping.narrowed_to IS NULL OR f.column_name = 'sfid' OR f.column_name = ANY (mapping.narrowed_to))
    AND f.left_out_since IS NULL
    ORDER BY f.column_name;
$function$;

COMMENT ON FUNCTION sffdw.merge_columns(sffdw.connection, sffdw.mapping) IS
    'The columns that are merged: those mapped and not left out, present in the local table and in the foreign one (l). '
    'A column that either lacks keeps its local values. Of a narrowed mapping, sfid and the named ones. heroku '
    'types hold UTC, whatever the session''s time zone.';

CREATE FUNCTION sffdw.unique_columns(connection sffdw.connection, mapping sffdw.mapping)
RETURNS SETOF name
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.column_name
    FROM sffdw.merge_columns(connection, mapping) c
    JOIN pg_attribute a
        ON a.attrelid = sffdw.mapped_table(connection, mapping)::regclass
        AND a.attname = c.column_name
    JOIN pg_index i ON i.indrelid = a.attrelid AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
    WHERE i.indisunique
    AND i.indimmediate
    AND c.column_name <> 'sfid'
    AND NOT a.attnotnull
    GROUP BY c.column_name;
$function$;

COMMENT ON FUNCTION sffdw.unique_columns(sffdw.connection, sffdw.mapping) IS
    'Return the merged columns whose values may be in one row only, by an index of ours or of the user''s, and that '
    'can be emptied while they change hands.';

COMMIT;
