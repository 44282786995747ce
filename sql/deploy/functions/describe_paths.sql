-- Deploy sffdw:functions/describe_paths to pg
-- requires: functions/describe_fields
-- requires: functions/fit_name

BEGIN;

CREATE FUNCTION sffdw.describe_lookup(
    connection        sffdw.connection,
    object_name       text,
    relationship_name text,
    OUT relationship  text,
    OUT target        text,
    OUT createable    boolean,
    OUT updateable    boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_targets text[];
BEGIN
    EXECUTE format('SELECT f.relationship_name, f.reference_to, f.createable, f.updateable FROM %I._fields f '
                   'WHERE f.object_name = $1 AND lower(f.relationship_name) = lower($2)', connection.live_schema_name)
    INTO relationship, v_targets, createable, updateable
    USING object_name, relationship_name;
    IF relationship IS NULL THEN
        RAISE EXCEPTION 'object "%" has no relationship "%"', object_name, relationship_name
            USING ERRCODE = 'SF008',
                  HINT = format('SELECT relationship_name FROM %I._fields WHERE object_name = %L lists them.',
                                connection.live_schema_name, object_name);
    ELSIF cardinality(v_targets) <> 1 THEN
        RAISE EXCEPTION 'relationship "%" of object "%" leads to several objects', relationship, object_name
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = format('They are %s.', array_to_string(v_targets, ', ')),
                  HINT = 'Map the lookup field itself: it holds the record''s Id.';
    END IF;
    target := v_targets[1];
END
$function$;

COMMENT ON FUNCTION sffdw.describe_lookup(sffdw.connection, text, text) IS
    'Return the relationship''s name as Salesforce spells it, the object that it leads to, and whether the lookup '
    'field may be written. Raises SF008, feature_not_supported.';

CREATE FUNCTION sffdw.describe_path(connection sffdw.connection, object_name text, path text, types text)
RETURNS sffdw.described_field
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lookup record := sffdw.describe_lookup(connection, object_name, split_part(path, '.', 1));
    v_field  sffdw.described_field;
BEGIN
    SELECT d.*
    INTO v_field
    FROM unnest(sffdw.describe_fields(connection, v_lookup.target, types)) d
    WHERE lower(d.field_name) = lower(split_part(path, '.', 2));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'field "%" of object "%" does not exist', split_part(path, '.', 2), v_lookup.target
            USING ERRCODE = 'SF008', HINT = 'It is the external id of the record that the lookup leads to.';
    ELSIF NOT v_field.is_external_id OR array_length(string_to_array(path, '.'), 1) <> 2 THEN
        RAISE EXCEPTION 'field "%" cannot be mapped', path
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Write Relationship__r.ExternalId__c: an external id of the object that a lookup leads to.';
    END IF;
    v_field.column_name := sffdw.fit_name(lower(v_lookup.relationship || '__' || v_field.field_name));
    v_field.field_name := v_lookup.relationship || '.' || v_field.field_name;
    v_field.is_createable := v_lookup.createable;
    v_field.is_updateable := v_lookup.updateable;
    -- A change of the other record's external id moves no stamp here: such columns are refreshed with the formulas.
    v_field.is_calculated := true;
    v_field.is_external_id := false;
    v_field.is_unique := false;
    v_field.target_object := v_lookup.target;
    RETURN v_field;
END
$function$;

COMMENT ON FUNCTION sffdw.describe_path(sffdw.connection, text, text, text) IS
    'Describe the external id of the record that a lookup leads to, Relationship.Field, as a field of the object: its '
    'column is <relationship>__<field>. Raises SF008, feature_not_supported, invalid_parameter_value.';

CREATE FUNCTION sffdw.describe_paths(connection sffdw.connection, object_name text, named text[], types text)
RETURNS sffdw.described_field[]
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(sffdw.describe_path(connection, describe_paths.object_name, n, types)), '{}')
    FROM (SELECT DISTINCT lower(p) AS n FROM unnest(named) p WHERE p LIKE '%.%') p;
$function$;

COMMENT ON FUNCTION sffdw.describe_paths(sffdw.connection, text, text[], text) IS
    'Describe those of the named fields that are external ids of related records. Raises as describe_path.';

COMMIT;
