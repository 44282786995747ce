-- Deploy sffdw:functions/choose_fields to pg
-- requires: functions/check_fields

BEGIN;

CREATE FUNCTION sffdw.choose_fields(
    object_name       text,
    described         sffdw.described_field[],
    fields            text[],
    unique_identifier text DEFAULT NULL
)
RETURNS sffdw.described_field[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- What synchronisation itself needs is mapped always; what the contract preselects, unless fields are named.
    v_wanted text[] := '{id,systemmodstamp,isdeleted}';
    v_named  text[];
    v_chosen sffdw.described_field[];
BEGIN
    IF fields IS NULL THEN
        v_wanted := v_wanted || '{createddate,name}'::text[];
    ELSE
        v_named := array_remove(fields, '*');
        PERFORM sffdw.check_fields(object_name, described, v_named);
        v_wanted := v_wanted || lower(v_named::text)::text[];
    END IF;
    v_chosen := array(
        SELECT d
        FROM unnest(described) d
        WHERE d.pg_type IS NOT NULL
        AND (lower(d.field_name) = ANY (v_wanted) OR d.field_name = unique_identifier OR '*' = ANY (fields))
    );
    -- A table has at most 1,600 columns, dropped ones and ours included.
    IF cardinality(v_chosen) > 1590 THEN
        RAISE EXCEPTION '% fields of object "%" are more than a table can have columns', cardinality(v_chosen),
                        object_name
            USING ERRCODE = 'too_many_columns', HINT = 'Name those that are needed: fields => ''{Name,…}''.';
    END IF;
    RETURN v_chosen;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_fields(text, sffdw.described_field[], text[], text) IS
    'Return the fields to map: those named, or all for ''{*}'', or the contract''s preselection for NULL; with Id, '
    'SystemModstamp and IsDeleted where the object has them, and the unique identifier. '
    'Raises SF008, feature_not_supported, too_many_columns.';

COMMIT;
