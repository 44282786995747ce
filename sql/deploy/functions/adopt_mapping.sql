-- Deploy sffdw:functions/adopt_mapping to pg
-- requires: functions/compare_step
-- requires: functions/create_mapping
-- requires: functions/replace_objects
-- requires: functions/request_field_sweep

BEGIN;

CREATE TYPE sffdw.finding AS (
    severity    text,
    rule_id     text,
    object_name text,
    message     text,
    hint        text
);

COMMENT ON TYPE sffdw.finding IS
    'What a check found: severity error, warning or pass; rule_id names the rule, object_name the object it concerns.';

CREATE FUNCTION sffdw.check_adopted_columns(
    connection  sffdw.connection,
    object_name text,
    fields      sffdw.described_field[]
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
            ELSE format('Leave the field out of the configuration, or run ALTER TABLE %I.%I ALTER COLUMN %I TYPE %s.',
                        connection.schema_name, lower(check_adopted_columns.object_name), f.column_name, f.pg_type)
        END)::sffdw.finding), '{}')
    FROM unnest(fields) f
    JOIN pg_attribute a
        ON a.attrelid = format('%I.%I', connection.schema_name, lower(check_adopted_columns.object_name))::regclass
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

COMMENT ON FUNCTION sffdw.check_adopted_columns(sffdw.connection, text, sffdw.described_field[]) IS
    'Compare a table''s columns with the fields they are to hold: another type is an error, a shorter one a warning.';

CREATE FUNCTION sffdw.choose_adopted_fields(
    connection    sffdw.connection,
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
DECLARE
    v_table CONSTANT regclass := format('%I.%I', connection.schema_name, lower(object_name))::regclass;
BEGIN
    -- Without a list of fields, what the table has columns for.
    SELECT coalesce(array_agg(d) FILTER (WHERE a.attname IS NOT NULL), '{}'),
           coalesce(array_agg(d) FILTER (WHERE a.attname IS NULL), '{}')
    INTO fields, missing
    FROM unnest(described) d
    LEFT JOIN pg_attribute a ON a.attrelid = v_table AND a.attname = d.column_name AND NOT a.attisdropped
    WHERE d.pg_type IS NOT NULL
    AND CASE
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
    WHERE lower(k) NOT IN (SELECT lower(d.field_name) FROM unnest(described) d WHERE d.pg_type IS NOT NULL);
END
$function$;

COMMENT ON FUNCTION sffdw.choose_adopted_fields(sffdw.connection, text, sffdw.described_field[], jsonb) IS
    'Return the fields of a configuration that the table has columns for, those it lacks columns for, and what is '
    'wrong with the others.';

CREATE FUNCTION sffdw.enter_adopted_mapping(
    connection    sffdw.connection,
    object_name   text,
    replicateable boolean,
    config        jsonb,
    fields        sffdw.described_field[],
    identifier    text
)
RETURNS sffdw.mapping
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
    v_stamp   timestamptz;
BEGIN
    IF EXISTS (SELECT FROM unnest(fields) f WHERE f.field_name = 'SystemModstamp') THEN
        EXECUTE format('SELECT max(t.systemmodstamp) AT TIME ZONE ''UTC'' FROM %I.%I t',
                       connection.schema_name, lower(object_name))
        INTO v_stamp;
    END IF;
    -- Every change up to the youngest row is taken to be here: the first poll goes on from there.
    INSERT INTO sffdw.mapping (
        connection_id, object_name, table_name, access, unique_identifier, poll_interval, accelerated, types,
        daily_call_cap, has_systemmodstamp, has_isdeleted, replicateable, state, watermark_at, watermark_id,
        deleted_until, next_poll_at)
    VALUES (
        connection.connection_id, enter_adopted_mapping.object_name, lower(enter_adopted_mapping.object_name),
        coalesce(config ->> 'access', 'read_only'),
        identifier, make_interval(secs => greatest(coalesce((config ->> 'sf_polling_seconds')::integer, 600), 5)),
        coalesce((config ->> 'sf_notify_enabled')::boolean, false), coalesce(config #>> '{sffdw,types}', 'heroku'),
        coalesce((config ->> 'sf_max_daily_api_calls')::integer, 30000),
        EXISTS (SELECT FROM unnest(fields) f WHERE f.field_name = 'SystemModstamp'),
        EXISTS (SELECT FROM unnest(fields) f WHERE f.field_name = 'IsDeleted'), enter_adopted_mapping.replicateable,
        CASE WHEN v_stamp IS NULL THEN 'INITIAL' ELSE 'DATA_SYNCED' END, v_stamp,
        CASE WHEN v_stamp IS NOT NULL THEN '' END, v_stamp, now())
    RETURNING * INTO v_mapping;
    RETURN v_mapping;
END
$function$;

COMMENT ON FUNCTION sffdw.enter_adopted_mapping(
    sffdw.connection, text, boolean, jsonb, sffdw.described_field[], text) IS
    'Enter the mapping of a table that has its rows: polled from its youngest SystemModstamp, loaded if it has none.';

CREATE FUNCTION sffdw.adopt_table(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.remember_objects(
        connection, mapping.table_name,
        ARRAY[sffdw.fit_name(format('hc_%s_logger', mapping.table_name)),
              sffdw.fit_name(format('hc_%s_status', mapping.table_name))],
        ARRAY[sffdw.fit_name(format('hc_%s_logtrigger', mapping.table_name)),
              sffdw.fit_name(format('hc_%s_status_trigger', mapping.table_name))]);
    PERFORM sffdw.drop_capture(connection.schema_name, mapping.table_name);
    PERFORM sffdw.drop_await(connection.schema_name, mapping.table_name);
    PERFORM sffdw.create_capture(
        connection.schema_name, mapping.table_name, connection.hstore_schema, mapping.access);
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_table(sffdw.connection, sffdw.mapping) IS
    'Put our capture in the place of a table''s own, which is noted.';

CREATE FUNCTION sffdw.indexed_fields(mapping_id integer)
RETURNS text[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(f.field_name), '{}')
    FROM sffdw.mapping_field f
    JOIN sffdw.mapping m USING (mapping_id)
    JOIN sffdw.connection c USING (connection_id)
    WHERE f.mapping_id = indexed_fields.mapping_id
    AND to_regclass(format('%I.%I', c.schema_name,
                           sffdw.fit_name(format('hc_idx_%s_%s', m.table_name, f.column_name)))) IS NOT NULL;
$function$;

COMMENT ON FUNCTION sffdw.indexed_fields(integer) IS 'Return the fields that have an index hc_idx_….';

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

CREATE FUNCTION sffdw.adopted_config(entry jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_config jsonb := coalesce(nullif(entry -> 'config', 'null'), '{}');
BEGIN
    IF jsonb_typeof(v_config -> 'fields') = 'array' THEN
        v_config := jsonb_set(v_config, '{fields}', (
            SELECT coalesce(jsonb_object_agg(f, '{}'::jsonb), '{}')
            FROM jsonb_array_elements_text(v_config -> 'fields') f));
    ELSIF v_config -> 'fields' = 'null' THEN
        v_config := v_config - 'fields';
    END IF;
    IF jsonb_typeof(v_config) <> 'object' OR jsonb_typeof(v_config -> 'fields') <> 'object' THEN
        RAISE EXCEPTION 'the configuration of mapping "%" is none', entry ->> 'object_name'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It is an object, and so are its fields: {"config": {"fields": {"Name": {}}}}.';
    END IF;
    RETURN v_config;
END
$function$;

COMMENT ON FUNCTION sffdw.adopted_config(jsonb) IS
    'Return the settings of an entry of a configuration; fields that are null or absent mean those of the table, a '
    'list of their names will do. Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.adopt_mapping(connection sffdw.connection, entry jsonb)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_config     jsonb := sffdw.adopted_config(entry);
    v_object     record;
    v_described  sffdw.described_field[];
    v_chosen     record;
    v_findings   sffdw.finding[];
    v_identifier text;
    v_mapping    sffdw.mapping;
BEGIN
    v_object := sffdw.describe_object(connection, entry ->> 'object_name');
    v_described := sffdw.describe_fields(
        connection, v_object.object, coalesce(v_config #>> '{sffdw,types}', 'heroku'));
    IF v_config ->> 'upsert_field' IS NOT NULL THEN
        v_identifier := sffdw.check_unique_identifier(v_object.object, v_described, v_config ->> 'upsert_field');
    END IF;
    v_described := v_described || sffdw.describe_adopted_paths(connection, v_object.object, v_config);
    v_chosen := sffdw.choose_adopted_fields(connection, v_object.object, v_described, v_config);
    v_findings := v_chosen.findings
                  || sffdw.check_adopted_columns(connection, v_object.object, v_chosen.fields);
    PERFORM sffdw.import_live_table(connection, lower(v_object.object), v_chosen.fields);
    v_mapping := sffdw.enter_adopted_mapping(
        connection, v_object.object, v_object.replicateable, v_config, v_chosen.fields, v_identifier);
    PERFORM sffdw.add_mapping_fields(v_mapping, v_chosen.fields);
    IF cardinality(v_chosen.missing) > 0 THEN
        PERFORM sffdw.extend_mapped_table(connection, v_mapping, v_chosen.missing);
        PERFORM sffdw.request_backfill(v_mapping, v_chosen.missing);
        v_findings := v_findings || ROW('warning', 'COLUMN_MISSING', v_object.object, format('no column for %s', (
            SELECT string_agg(f.field_name, ', ') FROM unnest(v_chosen.missing) f)),
            'It is added and filled between polls.')::sffdw.finding;
    END IF;
    PERFORM sffdw.set_field_flags(v_mapping, v_described, sffdw.indexed_fields(v_mapping.mapping_id));
    PERFORM sffdw.apply_indexes(v_mapping.mapping_id);
    PERFORM sffdw.adopt_table(connection, v_mapping);
    IF v_config #>> '{sffdw,write_mode}' = 'sync' THEN
        v_findings := v_findings || ROW(
            'warning', 'WRITE_MODE', v_object.object, 'statements do not wait for Salesforce any more', format(
                'Run sffdw.alter_mapping(%L, write_mode => ''sync'') when nothing waits to be sent.',
                v_object.object))::sffdw.finding;
    END IF;
    IF v_mapping.watermark_at IS NOT NULL THEN
        -- What the old reader missed has stamps that no poll looks at again.
        PERFORM sffdw.open_verification(connection, v_mapping, now());
    END IF;
    RETURN v_findings || ROW('pass', 'MAPPING', v_object.object, CASE v_mapping.state
        WHEN 'INITIAL' THEN 'adopted; it is loaded by the next poll'
        ELSE format('adopted; compared with Salesforce and polled from %s', sffdw.iso_time(v_mapping.watermark_at)) END, NULL)::sffdw.finding;
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_mapping(sffdw.connection, jsonb) IS
    'Take over one mapping of a configuration, an entry of its mappings, with the table as it stands. Return what was '
    'found. Raises what describing, indexing and altering raise.';

COMMIT;
