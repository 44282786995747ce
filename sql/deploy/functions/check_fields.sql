-- Deploy sffdw:functions/check_fields to pg
-- requires: functions/describe_fields

BEGIN;

CREATE FUNCTION sffdw.check_fields(object_name text, described sffdw.described_field[], named text[])
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_field text;
    v_found sffdw.described_field;
BEGIN
    FOREACH v_field IN ARRAY named LOOP
        SELECT d.*
        INTO v_found
        FROM unnest(described) d
        WHERE lower(d.field_name) = lower(v_field);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'field "%" of object "%" does not exist', v_field, object_name
                USING ERRCODE = 'SF008',
                      HINT = 'Table _fields of the connection''s live schema lists the fields that the Salesforce user '
                             'may see.';
        ELSIF v_found.pg_type IS NULL THEN
            RAISE EXCEPTION 'field "%" of object "%" cannot be mapped', v_field, object_name
                USING ERRCODE = 'feature_not_supported',
                      DETAIL = format('Its type is %s.', v_found.sf_type),
                      HINT = 'Map the parts of a compound field instead; binary content is read with live queries.';
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.check_fields(text, sffdw.described_field[], text[]) IS
    'Stop at the first named field that the object lacks or that no column can hold. '
    'Raises SF008, feature_not_supported.';

COMMIT;
