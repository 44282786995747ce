-- Deploy sffdw:functions/rename_fields to pg
-- requires: functions/follow_field
-- requires: functions/follow_type
-- requires: tables/known_field

BEGIN;

CREATE FUNCTION sffdw.check_renaming(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field,
    old_name   text,
    new_name   text
)
RETURNS sffdw.mapping_field
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_field sffdw.mapping_field;
    v_type  oid;
BEGIN
    SELECT f.*
    INTO v_field
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = mapping.mapping_id
    AND lower(f.field_name) = lower(old_name);
    v_type := sffdw.column_type(sffdw.mapped_table(connection, mapping)::regclass, v_field.column_name);
    IF v_field.field_name IS NULL THEN
        RAISE EXCEPTION 'field "%" is not mapped', old_name
            USING ERRCODE = 'SF008', HINT = 'Column fields of view sffdw.mappings lists those that are.';
    ELSIF v_field.field_name = 'Id' OR EXISTS (
        SELECT
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND f.field_name = described.field_name
    ) THEN
        RAISE EXCEPTION 'field "%" cannot take the place of "%"', new_name, old_name
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'The new field must not be mapped yet; drop it from the mapping first. Id keeps its column.';
    ELSIF described.pg_type IS NULL OR NOT sffdw.is_lossless(described.live_type::regtype, v_type) THEN
        RAISE EXCEPTION 'column "%" cannot hold field "%"', v_field.column_name, new_name
            USING ERRCODE = 'datatype_mismatch',
                  DETAIL = format('The column''s type is %s, the field''s %s.', format_type(v_type, NULL),
                                  described.sf_type),
                  HINT = 'Add the new field to the mapping instead: add_fields gives it a column of its own.';
    END IF;
    RETURN v_field;
END
$function$;

COMMENT ON FUNCTION sffdw.check_renaming(sffdw.connection, sffdw.mapping, sffdw.described_field, text, text) IS
    'Return the mapped field whose column a described field is to take over. '
    'Raises SF008, invalid_parameter_value, datatype_mismatch.';

CREATE FUNCTION sffdw.retag_live_column(
    connection  sffdw.connection,
    mapping     sffdw.mapping,
    described   sffdw.described_field,
    column_name name
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table    text := sffdw.live_table(connection, mapping);
    v_imported name := sffdw.live_column(connection, mapping, described.field_name);
BEGIN
    -- Two columns for one field would have it asked for twice.
    IF v_imported <> column_name THEN
        EXECUTE format('ALTER FOREIGN TABLE %s DROP COLUMN %I', v_table, v_imported);
    END IF;
    IF sffdw.column_type(v_table::regclass, column_name) IS NULL THEN
        EXECUTE format('ALTER FOREIGN TABLE %s ADD COLUMN %I %s OPTIONS (field %L)', v_table, column_name,
                       described.live_type, described.field_name);
    ELSE
        EXECUTE format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (SET field %L)', v_table, column_name,
                       described.field_name);
        PERFORM sffdw.retype_live_column(connection, mapping, described);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.retag_live_column(sffdw.connection, sffdw.mapping, sffdw.described_field, name) IS
    'Let a column of the live table stand for a field, and no other column. '
    'Raises dependent_objects_still_exist, lock_not_available.';

CREATE FUNCTION sffdw.rename_field(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field[],
    old_name   text,
    new_name   text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_new sffdw.described_field;
    v_old sffdw.mapping_field;
BEGIN
    PERFORM sffdw.check_fields(mapping.object_name, described, ARRAY[new_name]);
    SELECT d.* INTO STRICT v_new FROM unnest(described) d WHERE lower(d.field_name) = lower(new_name);
    v_old := sffdw.check_renaming(connection, mapping, v_new, old_name, new_name);
    PERFORM sffdw.retag_live_column(connection, mapping, v_new, v_old.column_name);
    UPDATE sffdw.mapping_field f
    SET field_name = v_new.field_name, left_out_since = NULL
    WHERE f.mapping_id = mapping.mapping_id
    AND f.column_name = v_old.column_name;
    UPDATE sffdw.mapping m
    SET unique_identifier = CASE WHEN m.unique_identifier = v_old.field_name THEN v_new.field_name
                            ELSE m.unique_identifier END,
        writable_fields = (
            SELECT array_agg(CASE WHEN lower(w.value) = lower(old_name) THEN v_new.field_name ELSE w.value END
                             ORDER BY w.place)
            FROM unnest(m.writable_fields) WITH ORDINALITY w (value, place))
    WHERE m.mapping_id = mapping.mapping_id
    AND (m.unique_identifier = v_old.field_name OR m.writable_fields <> '{}');
    -- What changed while the field went by another name was not read.
    v_new.column_name := v_old.column_name;
    PERFORM sffdw.request_backfill(mapping, ARRAY[v_new]);
    DELETE FROM sffdw.known_field k
    WHERE k.mapping_id = mapping.mapping_id
    AND k.field_name = v_old.field_name
    AND k.gone_at IS NOT NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.rename_field(sffdw.connection, sffdw.mapping, sffdw.described_field[], text, text) IS
    'Let the column of a mapped field stand for another field: column and values stay. '
    'Raises SF008, invalid_parameter_value, datatype_mismatch, dependent_objects_still_exist.';

CREATE FUNCTION sffdw.rename_mapping_fields(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field[],
    names      jsonb
)
RETURNS sffdw.mapping
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_old text;
    v_new text;
BEGIN
    IF jsonb_typeof(names) <> 'object' OR jsonb_path_exists(names, '$.* ? (@.type() != "string")') THEN
        RAISE EXCEPTION 'invalid value for "rename_fields": %', names
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It must name fields by their old names, such as {"Old__c": "New__c"}.';
    END IF;
    FOR v_old, v_new IN SELECT key, value FROM jsonb_each_text(names) LOOP
        PERFORM sffdw.rename_field(connection, mapping, described, v_old, v_new);
    END LOOP;
    SELECT m.* INTO STRICT mapping FROM sffdw.mapping m WHERE m.mapping_id = mapping.mapping_id;
    PERFORM sffdw.follow_flags(mapping, described);
    RETURN mapping;
END
$function$;

COMMENT ON FUNCTION sffdw.rename_mapping_fields(
    sffdw.connection, sffdw.mapping, sffdw.described_field[], jsonb) IS
    'Let mapped columns stand for fields of other names and return the mapping as it is then; they are filled '
    'anew. Raises what rename_field raises.';

COMMIT;
