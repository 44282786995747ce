-- Deploy sffdw:functions/entry_links to pg
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.linked_columns(connection_id integer)
RETURNS TABLE (table_name text, column_name text, parent_table text, parent_column text, parent_type text, is_sent boolean)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.table_name, f.column_name, p.table_name, k.column_name, k.pg_type, p.access = 'read_write'
    FROM sffdw.mapping m
    JOIN sffdw.mapping_field f ON f.mapping_id = m.mapping_id AND f.target_object IS NOT NULL
    JOIN sffdw.mapping p ON p.connection_id = m.connection_id AND p.object_name = f.target_object
    JOIN sffdw.mapping_field k ON k.mapping_id = p.mapping_id AND k.field_name = split_part(f.field_name, '.', 2)
    WHERE m.connection_id = linked_columns.connection_id
    AND m.access = 'read_write';
$function$;

COMMENT ON FUNCTION sffdw.linked_columns(integer) IS
    'Return the columns that name another row by its external id, the column there that has it, and whether rows of that '
    'table are sent.';

CREATE TYPE sffdw.open_link AS (
    entry_id     integer,
    column_name  text,
    parent_sfid  text,
    parent_table text,
    parent_id    integer,
    lastop       text
);

COMMENT ON TYPE sffdw.open_link IS
    'That an entry refers to a record: by its Id, or by the external id of a local row, whose _hc_lastop is told.';

CREATE FUNCTION sffdw.links_by_id(connection sffdw.connection, entry_ids integer[], sfids text[])
RETURNS SETOF sffdw.open_link
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sfids = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT l.id, f.column_name::text, k.sfid, NULL::text, NULL::integer, NULL::text
        FROM (
            SELECT l.id, l.table_name, l."values"::%2$I.hstore AS new, l.old::%2$I.hstore AS old
            FROM %1$I._trigger_log l
            WHERE l.id = ANY ($1)
            OFFSET 0
        ) l
        JOIN sffdw.mapping m ON m.connection_id = $2 AND m.table_name = l.table_name
        JOIN sffdw.mapping_field f ON f.mapping_id = m.mapping_id AND f.sf_type = 'reference'
        CROSS JOIN LATERAL (
            SELECT l.new OPERATOR(%2$I.->) f.column_name::text
            UNION
            SELECT l.old OPERATOR(%2$I.->) f.column_name::text
        ) k (sfid)
        WHERE k.sfid = ANY ($3)
    $query$, connection.schema_name, connection.hstore_schema)
    USING entry_ids, connection.connection_id, sfids;
END
$function$;

COMMENT ON FUNCTION sffdw.links_by_id(sffdw.connection, integer[], text[]) IS
    'Return which of the entries refer, or referred, by a lookup column to one of these records.';

CREATE FUNCTION sffdw.links_by_row(connection sffdw.connection, entry_ids integer[])
RETURNS SETOF sffdw.open_link
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_link record;
BEGIN
    FOR v_link IN
        SELECT c.*
        FROM sffdw.linked_columns(connection.connection_id) c
        WHERE to_regclass(format('%I.%I', connection.schema_name, c.parent_table)) IS NOT NULL
    LOOP
        -- What a row referred to before matters only for the order among records that are in Salesforce. For a row that
        -- is never sent nothing waits: Salesforce says that it does not know it.
        RETURN QUERY EXECUTE format($query$
            SELECT l.id, %3$L::text, p.sfid::text, %4$L::text, p.id, p._hc_lastop::text
            FROM (
                SELECT l.id, l."values"::%2$I.hstore OPERATOR(%2$I.->) %3$L AS new,
                       l.old::%2$I.hstore OPERATOR(%2$I.->) %3$L AS old
                FROM %1$I._trigger_log l
                WHERE l.id = ANY ($1)
                AND l.table_name = %7$L
                OFFSET 0
            ) l
            CROSS JOIN LATERAL (VALUES (l.new, true), (nullif(l.old, l.new), false)) k (value, is_new)
            JOIN %1$I.%4$I p ON p.%5$I = k.value::%6$s AND (k.is_new AND %8$L OR p.sfid IS NOT NULL)
        $query$, connection.schema_name, connection.hstore_schema, v_link.column_name, v_link.parent_table,
            v_link.parent_column, v_link.parent_type, v_link.table_name, v_link.is_sent)
        USING entry_ids;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.links_by_row(sffdw.connection, integer[]) IS
    'Return which of the entries name a local row by its external id.';

CREATE FUNCTION sffdw.describe_wait(link sffdw.open_link)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format(CASE link.lastop
        WHEN 'FAILED' THEN 'Salesforce rejected the row %s of table "%s" that its column "%s" refers to'
        ELSE 'the row %s of table "%s" that its column "%s" refers to is not in Salesforce yet'
    END, link.parent_id, link.parent_table, link.column_name);
$function$;

COMMENT ON FUNCTION sffdw.describe_wait(sffdw.open_link) IS
    'Say why an entry that refers to a row without sfid waits.';

COMMIT;
