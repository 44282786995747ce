-- Deploy sffdw:functions/import_live_table to pg
-- requires: functions/describe_fields

BEGIN;

CREATE FUNCTION sffdw.import_live_table(connection sffdw.connection, table_name name, fields sffdw.described_field[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table text := format('%I.%I', connection.live_schema_name, table_name);
    v_field sffdw.described_field;
BEGIN
    IF to_regclass(v_table) IS NULL THEN
        EXECUTE format('IMPORT FOREIGN SCHEMA salesforce LIMIT TO (%I) FROM SERVER %I INTO %I '
                       'OPTIONS (types ''precise'', system_columns ''true'')',
                       table_name, connection.server_name, connection.live_schema_name);
    ELSIF NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = v_table::regclass AND a.attname = '_after' AND NOT a.attisdropped
    ) THEN
        RAISE EXCEPTION 'table % has no system columns', v_table
            USING ERRCODE = 'duplicate_table',
                  DETAIL = 'A mapping reads through a live table imported with the option system_columns ''true''.',
                  HINT = format('Run DROP FOREIGN TABLE %s and call again, or import your own into another schema.',
                                v_table);
    END IF;
    -- An older import may lack fields that were made since.
    FOREACH v_field IN ARRAY fields LOOP
        IF v_field.column_name = 'sfid' THEN
            v_field.column_name := 'id';
        END IF;
        IF NOT EXISTS (
            SELECT
            FROM pg_attribute a
            WHERE a.attrelid = v_table::regclass
            AND a.attname = v_field.column_name
            AND NOT a.attisdropped
        ) THEN
            EXECUTE format('ALTER FOREIGN TABLE %s ADD COLUMN %I %s OPTIONS (field %L)',
                           v_table, v_field.column_name, v_field.live_type, v_field.field_name);
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.import_live_table(sffdw.connection, name, sffdw.described_field[]) IS
    'Make sure that the live schema has a foreign table of the object with these fields and the system columns that '
    'polls ask by. Raises duplicate_table.';

COMMIT;
