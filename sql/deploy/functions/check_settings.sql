-- Deploy sffdw:functions/check_settings to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.check_settings(settings jsonb)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- First the default, then the other values.
    v_known CONSTANT jsonb := '{
        "access": ["read_only", "read_write"],
        "types": ["heroku", "precise"],
        "write_mode": ["async", "sync"],
        "conflict_policy": ["last_writer", "salesforce", "postgres"],
        "rejected_policy": ["keep", "restore"],
        "schema_policy": ["warn", "evolve", "pause"]
    }';
    v_name  text;
    v_value jsonb;
BEGIN
    FOR v_name, v_value IN SELECT key, value FROM jsonb_each(settings) LOOP
        IF v_known ? v_name AND NOT v_known -> v_name @> v_value THEN
            RAISE EXCEPTION 'invalid value for "%": %', v_name, v_value
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = format('Valid values are: %s.', (
                          SELECT string_agg(value, ', ') FROM jsonb_array_elements_text(v_known -> v_name)));
        ELSIF v_name = 'daily_call_cap' AND v_value::integer < 1 THEN
            RAISE EXCEPTION 'invalid value for "%": %', v_name, v_value
                USING ERRCODE = 'invalid_parameter_value', HINT = 'It must be a whole number above 0.';
        ELSIF v_name = 'hold_threshold' AND nullif(v_value, 'null')::integer < 0 THEN
            RAISE EXCEPTION 'invalid value for "%": %', v_name, v_value
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'It must be a whole number above 0, or 0 for the default.';
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.check_settings(jsonb) IS
    'Stop at a mapping''s setting that has an unknown value. Raises invalid_parameter_value.';

COMMIT;
