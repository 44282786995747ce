-- Deploy sffdw:functions/cursor_column to pg
-- requires: functions/merge_columns

BEGIN;

CREATE FUNCTION sffdw.cursor_column(connection sffdw.connection, mapping sffdw.mapping)
RETURNS name
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.name
    FROM unnest('{lastmodifieddate,createddate,logintime}'::name[]) WITH ORDINALITY AS c (name, place)
    WHERE sffdw.has_live_column(connection, mapping, c.name)
    ORDER BY c.place
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.cursor_column(sffdw.connection, sffdw.mapping) IS
    'Return the column that tells what is recent in an object without SystemModstamp; NULL: none does.';

COMMIT;
