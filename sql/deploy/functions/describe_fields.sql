-- Deploy sffdw:functions/describe_fields to pg
-- requires: tables/connection

BEGIN;

CREATE TYPE sffdw.described_field AS (
    field_name     text,
    column_name    name,
    sf_type        text,
    pg_type        text,
    live_type      text,
    is_createable  boolean,
    is_updateable  boolean,
    is_calculated  boolean,
    is_external_id boolean,
    is_unique      boolean,
    length         integer,
    target_object  text
);

COMMENT ON TYPE sffdw.described_field IS
    'A field as describe tells it, with its column in the local table: pg_type there, live_type in the live table, '
    'NULL where it cannot be mapped.';

CREATE FUNCTION sffdw.describe_fields(connection sffdw.connection, object_name text, types text)
RETURNS sffdw.described_field[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_fields sffdw.described_field[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(ROW(
            f.field_name,
            CASE f.field_name WHEN 'Id' THEN 'sfid' ELSE f.column_name END,
            f.type,
            CASE $2 WHEN 'precise' THEN f.precise_type ELSE f.heroku_type END,
            f.precise_type,
            f.createable,
            f.updateable,
            f.calculated,
            f.external_id,
            f."unique",
            f.length,
            NULL
        )::sffdw.described_field)
        FROM %I._fields f
        WHERE f.object_name = $1
    $query$, connection.live_schema_name)
    INTO v_fields
    USING object_name, types;
    RETURN v_fields;
END
$function$;

COMMENT ON FUNCTION sffdw.describe_fields(sffdw.connection, text, text) IS
    'Return an object''s fields in the order of describe, with the column types of the contract (types heroku) or '
    'exact ones (precise).';

COMMIT;
