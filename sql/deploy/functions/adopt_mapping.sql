-- Deploy sffdw:functions/adopt_mapping to pg
-- requires: functions/adopt_columns
-- requires: functions/check_replication
-- requires: functions/compare_step
-- requires: functions/create_mapping
-- requires: functions/merge_columns
-- requires: functions/rename_fields
-- requires: functions/replace_objects
-- requires: functions/request_field_sweep

BEGIN;

CREATE FUNCTION sffdw.check_adopted_keys(object_name text, config jsonb)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.check_settings(jsonb_strip_nulls(
        coalesce(config -> 'sffdw', '{}') || jsonb_build_object('access', config -> 'access')));
    RETURN sffdw.unknown_settings(config, '{
            access,sf_notify_enabled,sf_polling_seconds,sf_max_daily_api_calls,upsert_field,revision,applied_at,
            fields,indexes,sffdw}', object_name)
        || sffdw.unknown_settings(config -> 'sffdw', '{
            table_name,columns,row_filter,types,writable_fields,write_mode,conflict_policy,rejected_policy,
            schema_policy,history,hold_threshold,capture_replicated}', object_name);
END
$function$;

COMMENT ON FUNCTION sffdw.check_adopted_keys(text, jsonb) IS
    'Return a finding for each setting of a mapping''s configuration that is not taken over. '
    'Raises invalid_parameter_value for a value that none can have.';

CREATE FUNCTION sffdw.adopted_names(
    object_name  text,
    config       jsonb,
    fields       sffdw.described_field[],
    identifier   text,
    OUT writable text[],
    OUT indexes  text[],
    OUT findings sffdw.finding[]
)
RETURNS record
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH named AS (
        SELECT 'writable_fields' AS setting, w AS field_name, false AS is_unique
        FROM jsonb_array_elements_text(CASE jsonb_typeof(config #> '{sffdw,writable_fields}')
            WHEN 'array' THEN config #> '{sffdw,writable_fields}' ELSE '[]' END) w
        UNION ALL
        SELECT 'indexes', i.key, coalesce((i.value ->> 'unique')::boolean, false)
        FROM jsonb_each(CASE jsonb_typeof(config -> 'indexes')
            WHEN 'object' THEN config -> 'indexes' ELSE '{}' END) i
    ), judged AS (
        SELECT n.*, d.field_name AS is_mapped,
               coalesce(d.field_name NOT IN ('Id', coalesce(identifier, 'Id')), false) AND n.is_unique AS is_less
        FROM named n
        LEFT JOIN unnest(fields) d ON lower(d.field_name) = lower(n.field_name)
    )
    SELECT CASE WHEN jsonb_typeof(config #> '{sffdw,writable_fields}') = 'array' THEN coalesce(
               array_agg(j.field_name) FILTER (WHERE j.setting = 'writable_fields'
                                               AND (j.is_mapped IS NOT NULL OR j.field_name = '*')), '{}') END,
           coalesce(array_agg(j.is_mapped) FILTER (WHERE j.setting = 'indexes' AND j.is_mapped IS NOT NULL), '{}'),
           coalesce(array_agg(ROW(
               'warning', 'SETTING', adopted_names.object_name,
               format(CASE WHEN j.is_less THEN 'the index of field "%s" is not unique'
                           ELSE 'field "%s" of ' || j.setting || ' is not mapped' END, j.field_name),
               CASE WHEN j.is_less THEN 'Only those of Id and of the unique identifier are.'
                    ELSE 'It is left out of the setting.' END)::sffdw.finding)
               FILTER (WHERE j.is_less OR j.is_mapped IS NULL AND j.field_name <> '*'), '{}')
    FROM judged j;
$function$;

COMMENT ON FUNCTION sffdw.adopted_names(text, jsonb, sffdw.described_field[], text) IS
    'Return the mapped ones of the fields that a configuration lets be written, NULL: all, and of those that it indexes, '
    'and findings about the others.';

CREATE FUNCTION sffdw.enter_adopted_mapping(
    connection    sffdw.connection,
    object_name   text,
    replicateable boolean,
    config        jsonb,
    fields        sffdw.described_field[],
    identifier    text,
    writable      text[]
)
RETURNS sffdw.mapping
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_given   CONSTANT sffdw.mapping := jsonb_populate_record(NULL::sffdw.mapping, config -> 'sffdw');
    v_mapping sffdw.mapping;
    v_table   name := coalesce(v_given.table_name, lower(object_name));
    v_stamp   timestamptz;
BEGIN
    IF EXISTS (SELECT FROM unnest(fields) f WHERE f.field_name = 'SystemModstamp') THEN
        EXECUTE format('SELECT max(t.systemmodstamp) %s FROM %I.%I t', CASE
            WHEN v_given.types = 'precise' THEN '' ELSE 'AT TIME ZONE ''UTC''' END, connection.schema_name, v_table)
        INTO v_stamp;
    END IF;
    -- Every change up to the youngest row is taken to be here: the first poll goes on from there.
    INSERT INTO sffdw.mapping (
        connection_id, object_name, table_name, access, unique_identifier, poll_interval, accelerated, types,
        daily_call_cap, revision, row_filter, writable_fields, write_mode, conflict_policy, rejected_policy,
        schema_policy, history, hold_threshold, capture_replicated, has_systemmodstamp, has_isdeleted, replicateable,
        state, watermark_at, watermark_id, deleted_until, next_poll_at)
    VALUES (
        connection.connection_id, enter_adopted_mapping.object_name, v_table, coalesce(config ->> 'access', 'read_only'),
        identifier, make_interval(secs => greatest(coalesce((config ->> 'sf_polling_seconds')::double precision, 600), 5)),
        coalesce((config ->> 'sf_notify_enabled')::boolean, false), coalesce(v_given.types, 'heroku'),
        coalesce((config ->> 'sf_max_daily_api_calls')::integer, 30000), coalesce((config ->> 'revision')::integer, 1),
        v_given.row_filter, writable, coalesce(v_given.write_mode, 'async'),
        coalesce(v_given.conflict_policy, 'last_writer'), coalesce(v_given.rejected_policy, 'keep'),
        coalesce(v_given.schema_policy, 'warn'), coalesce(v_given.history, false), v_given.hold_threshold,
        coalesce(v_given.capture_replicated, false),
        EXISTS (SELECT FROM unnest(fields) f WHERE f.field_name = 'SystemModstamp'),
        EXISTS (SELECT FROM unnest(fields) f WHERE f.field_name = 'IsDeleted'), enter_adopted_mapping.replicateable,
        CASE WHEN v_stamp IS NULL THEN 'INITIAL' ELSE 'DATA_SYNCED' END, v_stamp,
        CASE WHEN v_stamp IS NOT NULL THEN '' END, v_stamp, now())
    RETURNING * INTO v_mapping;
    RETURN v_mapping;
END
$function$;

COMMENT ON FUNCTION sffdw.enter_adopted_mapping(
    sffdw.connection, text, boolean, jsonb, sffdw.described_field[], text, text[]) IS
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
        connection.schema_name, mapping.table_name, connection.hstore_schema, mapping.access,
        mapping.capture_replicated);
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

CREATE FUNCTION sffdw.describe_adopted_fields(
    connection   sffdw.connection,
    object_name  text,
    mapped_table regclass,
    config       jsonb,
    OUT fields   sffdw.described_field[],
    OUT findings sffdw.finding[]
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_types CONSTANT text := coalesce(config #>> '{sffdw,types}', 'heroku');
    v_paths record;
BEGIN
    findings := '{}';
    fields := sffdw.describe_fields(connection, object_name, v_types)
              || sffdw.describe_adopted_paths(connection, object_name, config);
    -- Our own settings name every field; what another program filled, its columns tell.
    IF config -> 'sffdw' IS NULL THEN
        v_paths := sffdw.match_paths(connection, object_name, sffdw.unmatched_columns(mapped_table, fields), v_types);
        fields := fields || v_paths.fields;
        findings := v_paths.findings;
    END IF;
    -- A column keeps its name when it comes to stand for another field.
    fields := array(
        SELECT ROW(d.field_name, coalesce(config #>> ARRAY['sffdw', 'columns', d.field_name], d.column_name), d.sf_type,
                   d.pg_type, d.live_type, d.is_createable, d.is_updateable, d.is_calculated, d.is_external_id,
                   d.is_unique, d.length, d.target_object)::sffdw.described_field
        FROM unnest(fields) WITH ORDINALITY d
        ORDER BY d.ordinality);
END
$function$;

COMMENT ON FUNCTION sffdw.describe_adopted_fields(sffdw.connection, text, regclass, jsonb) IS
    'Describe the fields of an object that an adopted table may hold, with its columns. Raises what describing raises.';

CREATE FUNCTION sffdw.import_adopted_table(
    connection  sffdw.connection,
    object_name text,
    table_name  name,
    fields      sffdw.described_field[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Of an object that was renamed the tables keep their names.
    IF table_name <> lower(object_name)
    AND to_regclass(format('%I.%I', connection.live_schema_name, table_name)) IS NULL THEN
        PERFORM sffdw.import_live_table(connection, lower(object_name), '{}');
        EXECUTE format('ALTER FOREIGN TABLE %I.%I RENAME TO %I', connection.live_schema_name, lower(object_name),
                       table_name);
    END IF;
    PERFORM sffdw.import_live_table(connection, table_name, fields);
END
$function$;

COMMENT ON FUNCTION sffdw.import_adopted_table(sffdw.connection, text, name, sffdw.described_field[]) IS
    'Make sure that there is a live table of an object under the name of its adopted table. Raises duplicate_table.';

CREATE FUNCTION sffdw.adopt_write_mode(connection sffdw.connection, mapping sffdw.mapping)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF mapping.write_mode = 'async' THEN
        RETURN '{}';
    END IF;
    PERFORM sffdw.apply_write_mode(connection, mapping, 'async');
    RETURN ARRAY[ROW(
        'warning', 'WRITE_MODE', mapping.object_name, 'statements wait for Salesforce: they are refused until writes are '
        'resumed', format('Run sffdw.resume(''out'', connection_name => %L).', connection.connection_name))::sffdw.finding];
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    UPDATE sffdw.mapping m
    SET write_mode = 'async'
    WHERE m.mapping_id = mapping.mapping_id;
    RETURN ARRAY[ROW(
        'warning', 'WRITE_MODE', mapping.object_name, 'statements do not wait for Salesforce any more: ' || SQLERRM,
        format('Run sffdw.alter_mapping(%L, write_mode => ''sync'') when nothing waits to be sent.',
               mapping.object_name))::sffdw.finding];
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_write_mode(sffdw.connection, sffdw.mapping) IS
    'Have statements wait for Salesforce as before, unless changes wait to be sent. Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.apply_adopted_settings(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field[],
    config     jsonb,
    indexes    text[]
)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_field sffdw.described_field;
BEGIN
    FOREACH v_field IN ARRAY array(
        SELECT d
        FROM unnest(described) d
        JOIN sffdw.mapping_field f ON f.mapping_id = mapping.mapping_id AND f.field_name = d.field_name
        WHERE config #>> ARRAY['sffdw', 'columns', d.field_name] <> lower(replace(d.field_name, '.', '__')))
    LOOP
        PERFORM sffdw.retag_live_column(connection, mapping, v_field, v_field.column_name);
    END LOOP;
    UPDATE sffdw.mapping m
    SET filter_expression = sffdw.parse_row_filter(sffdw.live_table(connection, mapping), m.row_filter)
    WHERE m.mapping_id = mapping.mapping_id;
    PERFORM sffdw.set_field_flags(mapping, described, indexes || sffdw.indexed_fields(mapping.mapping_id));
    PERFORM sffdw.apply_indexes(mapping.mapping_id);
    PERFORM sffdw.check_replication(connection, mapping.capture_replicated);
    PERFORM sffdw.adopt_table(connection, mapping);
    PERFORM sffdw.apply_history(connection, mapping);
    RETURN sffdw.adopt_write_mode(connection, mapping);
END
$function$;

COMMENT ON FUNCTION sffdw.apply_adopted_settings(
    sffdw.connection, sffdw.mapping, sffdw.described_field[], jsonb, text[]) IS
    'Make live table, flags, indexes and triggers of an adopted table what its mapping says. Raises what they raise.';

CREATE FUNCTION sffdw.adopt_mapping(connection sffdw.connection, entry jsonb)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_config     jsonb := sffdw.adopted_config(entry);
    v_object     record := sffdw.describe_object(connection, entry ->> 'object_name');
    v_name       name := coalesce(v_config #>> '{sffdw,table_name}', lower(v_object.object));
    v_table      regclass := format('%I.%I', connection.schema_name, v_name);
    v_described  record;
    v_chosen     record;
    v_named      record;
    v_findings   sffdw.finding[];
    v_identifier text;
    v_mapping    sffdw.mapping;
BEGIN
    v_findings := sffdw.check_adopted_keys(v_object.object, v_config);
    v_described := sffdw.describe_adopted_fields(connection, v_object.object, v_table, v_config);
    IF v_config ->> 'upsert_field' IS NOT NULL THEN
        v_identifier := sffdw.check_unique_identifier(
            v_object.object, v_described.fields, v_config ->> 'upsert_field');
    END IF;
    v_chosen := sffdw.choose_adopted_fields(v_table, v_object.object, v_described.fields, v_config);
    v_named := sffdw.adopted_names(v_object.object, v_config, v_chosen.fields || v_chosen.missing, v_identifier);
    v_findings := v_findings || v_described.findings || v_chosen.findings || v_named.findings
                  || sffdw.check_adopted_columns(v_table, v_object.object, v_chosen.fields);
    PERFORM sffdw.import_adopted_table(connection, v_object.object, v_name, v_chosen.fields);
    v_mapping := sffdw.enter_adopted_mapping(
        connection, v_object.object, v_object.replicateable, v_config, v_chosen.fields, v_identifier, v_named.writable);
    PERFORM sffdw.add_mapping_fields(v_mapping, v_chosen.fields);
    IF cardinality(v_chosen.missing) > 0 THEN
        PERFORM sffdw.extend_mapped_table(connection, v_mapping, v_chosen.missing);
        PERFORM sffdw.request_backfill(v_mapping, v_chosen.missing);
        v_findings := v_findings || ROW('warning', 'COLUMN_MISSING', v_object.object, format('no column for %s', (
            SELECT string_agg(f.field_name, ', ') FROM unnest(v_chosen.missing) f)),
            'It is added and filled between polls.')::sffdw.finding;
    END IF;
    v_findings := v_findings || sffdw.apply_adopted_settings(
        connection, v_mapping, v_described.fields, v_config, v_named.indexes);
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
