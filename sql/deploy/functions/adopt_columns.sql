-- Deploy sffdw:functions/adopt_columns to pg
-- requires: functions/adopt_settings
-- requires: functions/describe_paths

BEGIN;

CREATE FUNCTION sffdw.check_adopted_columns(
    mapped_table regclass,
    object_name  text,
    fields       sffdw.described_field[]
)
RETURNS sffdw.finding[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Fields are compared with the columns that the contract would have made today.
    SELECT coalesce(array_agg(ROW(
        CASE WHEN c.is_same_type THEN 'warning' ELSE 'error' END,
        'COLUMN_TYPE',
        check_adopted_columns.object_name,
        format('column "%s" is %s, the field %s', f.column_name, c.is_type, f.pg_type),
        CASE
            WHEN c.is_same_type THEN 'A value that is too long for it is set aside in sffdw.deferred_row.'
            ELSE format('Leave the field out of the configuration, or run ALTER TABLE %s ALTER COLUMN %I TYPE %s.',
                        mapped_table, f.column_name, f.pg_type)
        END)::sffdw.finding), '{}')
    FROM unnest(fields) f
    JOIN pg_attribute a
        ON a.attrelid = mapped_table
        AND a.attname = f.column_name
        AND NOT a.attisdropped
    CROSS JOIN LATERAL (
        SELECT format_type(a.atttypid, a.atttypmod) AS is_type,
               format_type(a.atttypid, NULL) = regexp_replace(f.pg_type, '\(.*\)', '')
               OR format_type(a.atttypid, NULL) = format_type(to_regtype(f.pg_type), NULL)
               OR f.pg_type LIKE 'varchar%' AND a.atttypid = 'varchar'::regtype
               OR 'text' IN (f.pg_type, format_type(a.atttypid, NULL))
               AND f.pg_type ~ '^(varchar|text)' AND a.atttypid IN ('varchar'::regtype, 'text'::regtype)
                   AS is_same_type
    ) c
    WHERE NOT c.is_same_type
    OR f.pg_type ~ '^varchar\(\d+\)$' AND a.atttypid = 'varchar'::regtype AND a.atttypmod > 0
    AND a.atttypmod - 4 < substring(f.pg_type FROM '\d+')::integer;
$function$;

COMMENT ON FUNCTION sffdw.check_adopted_columns(regclass, text, sffdw.described_field[]) IS
    'Compare a table''s columns with the fields they are to hold: another type is an error, a shorter one a warning.';

CREATE FUNCTION sffdw.unmatched_columns(mapped_table regclass, fields sffdw.described_field[])
RETURNS name[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(a.attname ORDER BY a.attnum), '{}')
    FROM pg_attribute a
    WHERE a.attrelid = mapped_table
    AND a.attnum > 0
    AND NOT a.attisdropped
    AND a.attgenerated = ''
    AND a.attname NOT IN ('id', 'sfid', '_hc_lastop', '_hc_err')
    AND a.attname NOT IN (SELECT f.column_name FROM unnest(fields) f);
$function$;

COMMENT ON FUNCTION sffdw.unmatched_columns(regclass, sffdw.described_field[]) IS
    'Return the columns of a table that stand for none of the fields and are not the contract''s own.';

CREATE FUNCTION sffdw.list_unfilled_columns(
    mapped_table regclass,
    object_name  text,
    fields       sffdw.described_field[],
    config       jsonb
)
RETURNS sffdw.finding[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- What the configuration names and Salesforce lacks has a finding of its own.
    SELECT coalesce(array_agg(ROW(
        'warning', 'COLUMN_UNMAPPED', list_unfilled_columns.object_name,
        format('nobody fills column "%s"', u.column_name),
        'It stays as it is. If it stands for a field, name that in the configuration''s fields.')::sffdw.finding
        ORDER BY u.place), '{}')
    FROM unnest(sffdw.unmatched_columns(mapped_table, fields)) WITH ORDINALITY u (column_name, place)
    WHERE u.column_name NOT IN (
        SELECT lower(replace(k, '.', '__'))
        FROM jsonb_object_keys(coalesce(config -> 'fields', '{}')) k);
$function$;

COMMENT ON FUNCTION sffdw.list_unfilled_columns(regclass, text, sffdw.described_field[], jsonb) IS
    'Return a finding for each column of an adopted table that no mapped field fills.';

CREATE FUNCTION sffdw.choose_adopted_fields(
    mapped_table  regclass,
    object_name   text,
    described     sffdw.described_field[],
    config        jsonb,
    OUT fields    sffdw.described_field[],
    OUT missing   sffdw.described_field[],
    OUT findings  sffdw.finding[]
)
RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Without a list of fields, what the table has columns for.
    SELECT coalesce(array_agg(d) FILTER (WHERE a.attname IS NOT NULL), '{}'),
           coalesce(array_agg(d) FILTER (WHERE a.attname IS NULL), '{}')
    INTO fields, missing
    FROM unnest(described) d
    LEFT JOIN pg_attribute a ON a.attrelid = mapped_table AND a.attname = d.column_name AND NOT a.attisdropped
    WHERE d.pg_type IS NOT NULL
    AND CASE
        WHEN d.target_object IS NOT NULL THEN true
        WHEN config -> 'fields' IS NULL THEN a.attname IS NOT NULL
        ELSE lower(d.field_name) IN (SELECT lower(k) FROM jsonb_object_keys(config -> 'fields') k)
             OR d.field_name IN ('Id', 'SystemModstamp', 'IsDeleted')
    END;
    SELECT coalesce(array_agg(ROW(
        'warning',
        CASE WHEN k LIKE '%.%' THEN 'RELATIONSHIP_FIELD' ELSE 'FIELD_GONE' END,
        choose_adopted_fields.object_name,
        CASE WHEN k LIKE '%.%' THEN format('field "%s" is not filled', k)
             ELSE format('field "%s" does not exist in Salesforce', k) END,
        'Its column stays as it is.')::sffdw.finding), '{}')
    INTO findings
    FROM jsonb_object_keys(config -> 'fields') k
    WHERE lower(k) NOT IN (SELECT lower(d.field_name) FROM unnest(described) d WHERE d.pg_type IS NOT NULL)
    AND lower(k) NOT IN (SELECT d.column_name FROM unnest(described) d WHERE d.target_object IS NOT NULL);
    findings := findings || sffdw.list_unfilled_columns(mapped_table, object_name, fields, config);
END
$function$;

COMMENT ON FUNCTION sffdw.choose_adopted_fields(regclass, text, sffdw.described_field[], jsonb) IS
    'Return the fields of a configuration that the table has columns for, those it lacks columns for, and what is '
    'wrong with the others.';

CREATE FUNCTION sffdw.describe_adopted_paths(connection sffdw.connection, object_name text, config jsonb)
RETURNS sffdw.described_field[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_fields sffdw.described_field[] := '{}';
    v_path   text;
BEGIN
    FOR v_path IN SELECT k FROM jsonb_object_keys(config -> 'fields') k WHERE k LIKE '%.%' LOOP
        BEGIN
            v_fields := v_fields || sffdw.describe_path(
                connection, object_name, v_path, coalesce(config #>> '{sffdw,types}', 'heroku'));
        EXCEPTION WHEN SQLSTATE 'SF008' OR feature_not_supported OR invalid_parameter_value THEN
            -- One of the findings about fields.
            CONTINUE;
        END;
    END LOOP;
    RETURN v_fields;
END
$function$;

COMMENT ON FUNCTION sffdw.describe_adopted_paths(sffdw.connection, text, jsonb) IS
    'Describe the external ids of related records that a configuration maps and that are still there.';

CREATE TYPE sffdw.named_lookup AS (
    relationship_name text,
    target_object     text
);

COMMENT ON TYPE sffdw.named_lookup IS 'A lookup that leads to one object: the relationship''s name and the object.';

CREATE FUNCTION sffdw.list_lookups(connection sffdw.connection, object_name text, columns name[])
RETURNS sffdw.named_lookup[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lookups sffdw.named_lookup[];
BEGIN
    -- Long names are cut: the beginning tells enough to look further.
    EXECUTE format($query$
        SELECT array_agg(ROW(f.relationship_name, f.reference_to[1])::sffdw.named_lookup ORDER BY f.relationship_name)
        FROM %I._fields f
        WHERE f.object_name = $1
        AND f.relationship_name IS NOT NULL
        AND cardinality(f.reference_to) = 1
        AND EXISTS (
            SELECT
            FROM unnest($2) c (name)
            WHERE starts_with(c.name, left(lower(f.relationship_name) || '__', 50))
            OR starts_with(c.name, left(lower(f.reference_to[1]) || '__', 50)))
    $query$, connection.live_schema_name)
    INTO v_lookups
    USING object_name, columns;
    RETURN coalesce(v_lookups, '{}');
END
$function$;

COMMENT ON FUNCTION sffdw.list_lookups(sffdw.connection, text, name[]) IS
    'Return the lookups of an object that columns may be called after.';

CREATE FUNCTION sffdw.match_paths(
    connection   sffdw.connection,
    object_name  text,
    columns      name[],
    types        text,
    OUT fields   sffdw.described_field[],
    OUT findings sffdw.finding[]
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lookups sffdw.named_lookup[] := sffdw.list_lookups(connection, object_name, columns);
    v_lookup  sffdw.named_lookup;
    v_known   sffdw.described_field;
    v_field   sffdw.described_field;
    v_column  name;
BEGIN
    fields := '{}';
    findings := '{}';
    FOREACH v_lookup IN ARRAY v_lookups LOOP
        FOREACH v_known IN ARRAY sffdw.describe_fields(connection, v_lookup.target_object, types) LOOP
            CONTINUE WHEN NOT v_known.is_external_id;
            -- An older form has the object's name, which says which lookup is meant if only one leads there.
            SELECT w.column_name
            INTO v_column
            FROM (VALUES (1, v_lookup.relationship_name), (2, v_lookup.target_object)) n (form, prefix)
            CROSS JOIN LATERAL (SELECT sffdw.fit_name(lower(n.prefix || '__' || v_known.field_name))) w (column_name)
            WHERE w.column_name = ANY (columns)
            AND (n.form = 1
                 OR (SELECT count(*) FROM unnest(v_lookups) l WHERE l.target_object = v_lookup.target_object) = 1)
            AND w.column_name NOT IN (SELECT f.column_name FROM unnest(fields) f)
            ORDER BY n.form
            LIMIT 1;
            CONTINUE WHEN NOT FOUND;
            v_field := sffdw.describe_path(
                connection, object_name, v_lookup.relationship_name || '.' || v_known.field_name, types);
            v_field.column_name := v_column;
            fields := fields || v_field;
            findings := findings || ROW(
                'pass', 'RELATIONSHIP_FIELD', object_name,
                format('column "%s" holds %s', v_column, v_field.field_name), NULL)::sffdw.finding;
        END LOOP;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.match_paths(sffdw.connection, text, name[], text) IS
    'Recognise, by their names, the columns of a table that hold external ids of related records, '
    '<relationship>__<field>, and return them as fields.';

COMMIT;
