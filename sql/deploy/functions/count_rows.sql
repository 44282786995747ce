-- Deploy sffdw:functions/count_rows to pg
-- requires: functions/open_table

BEGIN;

CREATE FUNCTION sffdw.count_rows(schema_name name, table_name name)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table regclass := sffdw.open_table(schema_name, table_name, false);
    v_count bigint;
BEGIN
    SELECT c.reltuples
    INTO v_count
    FROM pg_class c
    WHERE c.oid = v_table
    AND c.reltuples > 1e6;
    IF NOT FOUND AND v_table IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM %s', v_table) INTO v_count;
    END IF;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.count_rows(name, name) IS
    'Return how many rows a table has: counted up to about a million, beyond that PostgreSQL''s estimate; NULL without '
    'the table, or if it is not safe to read.';

COMMIT;
