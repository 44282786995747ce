-- Deploy sffdw:functions/json_value to pg
-- requires: functions/protect_stage
-- requires: functions/read_page

BEGIN;

CREATE FUNCTION sffdw.json_number(value text)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_number numeric := value::numeric;
BEGIN
    IF v_number IN ('NaN', 'Infinity', '-Infinity') THEN
        RAISE EXCEPTION 'Salesforce has no number "%"', value
            USING ERRCODE = 'numeric_value_out_of_range', HINT = 'Use NULL for a number that is not known.';
    END IF;
    RETURN to_jsonb(v_number);
END
$function$;

COMMENT ON FUNCTION sffdw.json_number(text) IS
    'Return a captured number as JSON, with all its digits. Raises numeric_value_out_of_range for NaN and infinity.';

CREATE FUNCTION sffdw.json_stamp(value text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stamp timestamptz := sffdw.logged_stamp(value);
BEGIN
    IF v_stamp IS NULL THEN
        RAISE EXCEPTION 'timestamp "%" is not in ISO form', value
            USING ERRCODE = 'invalid_datetime_format', HINT = 'Capture the row again under SET datestyle = ''ISO''.';
    END IF;
    RETURN to_jsonb(sffdw.iso_time(v_stamp));
END
$function$;

COMMENT ON FUNCTION sffdw.json_stamp(text) IS
    'Return a captured timestamp, which is UTC unless it says otherwise, as Salesforce takes it. '
    'Raises invalid_datetime_format.';

CREATE FUNCTION sffdw.json_value(value text, sf_type text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF value IS NULL THEN
        RETURN 'null';
    END IF;
    CASE sf_type
        WHEN 'boolean' THEN
            RETURN to_jsonb(value::boolean);
        WHEN 'int', 'long', 'double', 'currency', 'percent' THEN
            RETURN sffdw.json_number(value);
        WHEN 'datetime' THEN
            RETURN sffdw.json_stamp(value);
        WHEN 'date' THEN
            IF value !~ '^\d{4}-\d\d-\d\d$' THEN
                RAISE EXCEPTION 'date "%" is not in ISO form', value
                    USING ERRCODE = 'invalid_datetime_format',
                          HINT = 'Capture the row again under SET datestyle = ''ISO''.';
            END IF;
            RETURN to_jsonb(value);
        WHEN 'time' THEN
            RETURN to_jsonb(to_char(value::time, 'HH24:MI:SS.MS') || 'Z');
        ELSE
            RETURN to_jsonb(value);
    END CASE;
END
$function$;

COMMENT ON FUNCTION sffdw.json_value(text, text) IS
    'Return a captured value as the JSON that Salesforce takes for a field of that type. '
    'Raises invalid_datetime_format, numeric_value_out_of_range, invalid_text_representation.';

COMMIT;
