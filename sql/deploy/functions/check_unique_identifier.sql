-- Deploy sffdw:functions/check_unique_identifier to pg
-- requires: functions/check_fields

BEGIN;

CREATE FUNCTION sffdw.check_unique_identifier(
    object_name       text,
    described         sffdw.described_field[],
    unique_identifier text
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_field sffdw.described_field;
BEGIN
    PERFORM sffdw.check_fields(object_name, described, ARRAY[unique_identifier]);
    SELECT d.*
    INTO v_field
    FROM unnest(described) d
    WHERE lower(d.field_name) = lower(unique_identifier);
    IF NOT v_field.is_external_id OR NOT v_field.is_unique THEN
        RAISE EXCEPTION 'field "%" of object "%" cannot be the unique identifier', v_field.field_name, object_name
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('It is %s.', CASE
                      WHEN v_field.is_external_id THEN 'an external id, but not unique'
                      WHEN v_field.is_unique THEN 'unique, but not an external id'
                      ELSE 'neither an external id nor unique'
                  END),
                  HINT = coalesce(
                      'Such fields of the object: ' || (
                          SELECT string_agg(d.field_name, ', ')
                          FROM unnest(described) d
                          WHERE d.is_external_id AND d.is_unique
                      ) || '.',
                      'The object has no such field: create one in Salesforce, marked External ID and Unique.');
    END IF;
    RETURN v_field.field_name;
END
$function$;

COMMENT ON FUNCTION sffdw.check_unique_identifier(text, sffdw.described_field[], text) IS
    'Return the field''s name as Salesforce spells it, if inserts can be upserted by it. '
    'Raises SF008, invalid_parameter_value.';

COMMIT;
