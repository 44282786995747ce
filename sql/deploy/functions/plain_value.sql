-- Deploy sffdw:functions/plain_value to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.plain_value(value jsonb, sf_type text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $function$
DECLARE
    v_text text := value #>> '{}';
BEGIN
    -- Salesforce trims texts, keeps LF for line ends and knows no difference between '' and null.
    RETURN CASE
        WHEN v_text IS NULL OR btrim(v_text) = '' THEN ''
        WHEN sf_type IN ('int', 'long', 'double', 'currency', 'percent') THEN trim_scale(v_text::numeric)::text
        WHEN sf_type = 'datetime' THEN date_trunc('second', v_text::timestamptz)::text
        WHEN sf_type = 'time' THEN rtrim(v_text, 'Z')::time::text
        ELSE replace(btrim(v_text, E' \t\r\n'), E'\r\n', E'\n')
    END;
END
$function$;

COMMENT ON FUNCTION sffdw.plain_value(jsonb, text) IS
    'Return a value in the one form in which what was sent and what Salesforce made of it are equal.';

COMMIT;
