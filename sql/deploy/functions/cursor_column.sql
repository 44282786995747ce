-- Deploy sffdw:functions/cursor_column to pg
-- requires: tables/mapping

BEGIN;

CREATE FUNCTION sffdw.cursor_column(connection sffdw.connection, mapping sffdw.mapping)
RETURNS name
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT a.attname
    FROM pg_attribute a
    JOIN unnest('{lastmodifieddate,createddate,logintime}'::name[]) WITH ORDINALITY AS c (name, place)
        ON c.name = a.attname
    WHERE a.attrelid = to_regclass(format('%I.%I', connection.live_schema_name, mapping.table_name))
    AND NOT a.attisdropped
    ORDER BY c.place
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.cursor_column(sffdw.connection, sffdw.mapping) IS
    'Return the column that tells what is recent in an object without SystemModstamp; NULL: none does.';

COMMIT;
