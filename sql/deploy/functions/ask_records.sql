-- Deploy sffdw:functions/ask_records to pg
-- requires: functions/merge_columns
-- requires: tables/mapping

BEGIN;

CREATE TYPE sffdw.found_record AS (
    record_id text,
    content   jsonb
);

COMMENT ON TYPE sffdw.found_record IS 'A record of the org, its values by column of the live table.';

CREATE FUNCTION sffdw.ask_records(connection sffdw.connection, mapping sffdw.mapping, condition text)
RETURNS SETOF sffdw.found_record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT l.id::text, to_jsonb(l)
        FROM %s l
        WHERE l._scope = 'all'
        AND l._purpose = 'settle'
        AND l._mapping = %L
        AND %s
    $query$, sffdw.live_table(connection, mapping), mapping.mapping_id::text, condition);
END
$function$;

COMMENT ON FUNCTION sffdw.ask_records(sffdw.connection, sffdw.mapping, text) IS
    'Return records of the org, those in the recycle bin too, by column.';

COMMIT;
