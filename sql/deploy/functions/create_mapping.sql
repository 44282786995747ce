-- Deploy sffdw:functions/create_mapping to pg
-- requires: functions/apply_indexes
-- requires: functions/check_metadata
-- requires: functions/check_replication
-- requires: functions/check_settings
-- requires: functions/check_unique_identifier
-- requires: functions/choose_fields
-- requires: functions/create_mapped_table
-- requires: functions/describe_config
-- requires: functions/describe_object
-- requires: functions/describe_paths
-- requires: functions/find_connection
-- requires: functions/forecast_calls
-- requires: functions/import_live_table
-- requires: functions/log_event
-- requires: functions/require_owner
-- requires: functions/row_filter
-- requires: functions/write_mode
-- requires: triggers/capture
-- requires: triggers/history

BEGIN;

CREATE FUNCTION sffdw.add_mapping_fields(mapping sffdw.mapping, fields sffdw.described_field[])
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The type as PostgreSQL spells it: what the merge casts to.
    INSERT INTO sffdw.mapping_field (
        mapping_id, field_name, column_name, sf_type, pg_type, is_createable, is_updateable, is_calculated, length,
        target_object)
    SELECT mapping.mapping_id, f.field_name, f.column_name, f.sf_type, format_type(a.atttypid, a.atttypmod),
           f.is_createable, f.is_updateable, f.is_calculated, f.length, f.target_object
    FROM unnest(fields) f
    JOIN sffdw.connection c ON c.connection_id = mapping.connection_id
    JOIN pg_attribute a ON a.attrelid = format('%I.%I', c.schema_name, mapping.table_name)::regclass
        AND a.attname = f.column_name;
$function$;

COMMENT ON FUNCTION sffdw.add_mapping_fields(sffdw.mapping, sffdw.described_field[]) IS
    'Enter fields whose columns the mapped table has.';

CREATE FUNCTION sffdw.is_writable(mapping sffdw.mapping, field_name text)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce('*' = ANY (mapping.writable_fields)
                    OR lower(field_name) IN (SELECT lower(n) FROM unnest(mapping.writable_fields) n), true);
$function$;

COMMENT ON FUNCTION sffdw.is_writable(sffdw.mapping, text) IS
    'Whether a mapping''s settings let a field be written.';

CREATE FUNCTION sffdw.set_field_flags(mapping sffdw.mapping, described sffdw.described_field[], indexes text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_missing text;
BEGIN
    SELECT n
    INTO v_missing
    FROM unnest(indexes || array_remove(mapping.writable_fields, '*')) n
    WHERE NOT EXISTS (
        SELECT
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND lower(f.field_name) = lower(n)
    )
    LIMIT 1;
    IF FOUND THEN
        PERFORM sffdw.check_fields(mapping.object_name, described, ARRAY[v_missing]);
        RAISE EXCEPTION 'field "%" is not mapped', v_missing
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Fields named in indexes or writable_fields must be among the mapped fields.';
    END IF;

    UPDATE sffdw.mapping_field f
    SET is_createable = d.is_createable AND f.left_out_since IS NULL AND sffdw.is_writable(mapping, d.field_name),
        is_updateable = d.is_updateable AND f.left_out_since IS NULL AND sffdw.is_writable(mapping, d.field_name),
        is_calculated = d.is_calculated,
        is_unique = f.field_name IN ('Id', coalesce(mapping.unique_identifier, 'Id')),
        is_indexed = f.field_name IN ('Id', 'SystemModstamp', coalesce(mapping.unique_identifier, 'Id'))
                     OR f.field_name LIKE '%.%'
                     OR lower(f.field_name) IN (SELECT lower(n) FROM unnest(indexes) n)
    FROM unnest(described) d
    WHERE f.mapping_id = mapping.mapping_id
    AND d.field_name = f.field_name;
END
$function$;

COMMENT ON FUNCTION sffdw.set_field_flags(sffdw.mapping, sffdw.described_field[], text[]) IS
    'Note for each mapped field whether it is sent and indexed, from describe and the mapping''s settings. '
    'Raises invalid_parameter_value, SF008.';

CREATE FUNCTION sffdw.check_not_mapped(connection sffdw.connection, object_name text)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT
        FROM sffdw.mapping m
        WHERE m.connection_id = connection.connection_id
        AND m.object_name = check_not_mapped.object_name
    ) THEN
        RAISE EXCEPTION 'object "%" is mapped already', object_name
            USING ERRCODE = 'duplicate_object',
                  HINT = 'Change it with sffdw.alter_mapping, or run sffdw.drop_mapping first.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_not_mapped(sffdw.connection, text) IS
    'Stop if the connection maps the object. Raises duplicate_object.';

CREATE FUNCTION sffdw.check_poll_interval(poll_interval interval)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF poll_interval < interval '5 seconds' THEN
        RAISE EXCEPTION 'invalid value for "poll_interval": %', poll_interval
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It must be at least 5 seconds.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_poll_interval(interval) IS
    'Stop at an interval below 5 seconds. Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.create_mapping(
    object_name       text,
    fields            text[] DEFAULT NULL,
    access            text DEFAULT 'read_only',
    unique_identifier text DEFAULT NULL,
    indexes           text[] DEFAULT '{}',
    poll_interval     interval DEFAULT '10 minutes',
    accelerated       boolean DEFAULT false,
    row_filter        text DEFAULT NULL,
    types             text DEFAULT 'heroku',
    writable_fields   text[] DEFAULT NULL,
    write_mode        text DEFAULT 'async',
    conflict_policy   text DEFAULT 'last_writer',
    rejected_policy   text DEFAULT 'keep',
    schema_policy     text DEFAULT 'warn',
    daily_call_cap    integer DEFAULT 30000,
    history           boolean DEFAULT false,
    hold_threshold    integer DEFAULT NULL,
    force             boolean DEFAULT false,
    capture_replicated boolean DEFAULT false,
    connection_name   text DEFAULT 'salesforce'
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping    sffdw.mapping;
    v_object     record;
    v_table      name;
    v_described  sffdw.described_field[];
    v_fields     sffdw.described_field[];
    v_identifier text;
    v_filter     text;
    v_is_new     boolean;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    PERFORM sffdw.check_settings(jsonb_build_object(
        'access', access, 'types', types, 'write_mode', write_mode, 'conflict_policy', conflict_policy,
        'rejected_policy', rejected_policy, 'schema_policy', schema_policy, 'accelerated', accelerated,
        'row_filter', row_filter, 'daily_call_cap', daily_call_cap, 'history', history,
        'hold_threshold', hold_threshold));
    PERFORM sffdw.check_poll_interval(poll_interval);
    PERFORM sffdw.check_replication(v_connection, capture_replicated);
    v_object := sffdw.describe_object(v_connection, object_name);
    v_table := lower(v_object.object);
    PERFORM sffdw.check_not_mapped(v_connection, v_object.object);
    v_described := sffdw.describe_fields(v_connection, v_object.object, types)
                   || sffdw.describe_paths(v_connection, v_object.object, fields, types);
    IF unique_identifier IS NOT NULL THEN
        v_identifier := sffdw.check_unique_identifier(v_object.object, v_described, unique_identifier);
    END IF;
    v_fields := sffdw.choose_fields(v_object.object, v_described, fields, v_identifier);

    v_is_new := sffdw.create_mapped_table(v_connection.schema_name, v_table, v_fields, v_connection.options);
    PERFORM sffdw.import_live_table(v_connection, v_table, v_fields);
    v_filter := sffdw.parse_row_filter(format('%I.%I', v_connection.live_schema_name, v_table), row_filter);

    INSERT INTO sffdw.mapping (
        connection_id, object_name, table_name, access, unique_identifier, poll_interval, accelerated, row_filter,
        filter_expression, types, writable_fields, write_mode, conflict_policy, rejected_policy, schema_policy, daily_call_cap, history,
        hold_threshold, capture_replicated, has_systemmodstamp, has_isdeleted, replicateable, state, next_poll_at)
    VALUES (
        v_connection.connection_id, v_object.object, v_table, access, v_identifier, poll_interval, accelerated,
        nullif(row_filter, ''), v_filter, types, writable_fields, write_mode, conflict_policy, rejected_policy, schema_policy,
        daily_call_cap, history, nullif(hold_threshold, 0), capture_replicated,
        EXISTS (SELECT FROM unnest(v_fields) f WHERE f.field_name = 'SystemModstamp'),
        EXISTS (SELECT FROM unnest(v_fields) f WHERE f.field_name = 'IsDeleted'),
        v_object.replicateable, 'INITIAL', now())
    RETURNING * INTO v_mapping;

    PERFORM sffdw.add_mapping_fields(v_mapping, v_fields);
    IF NOT force THEN
        PERFORM sffdw.check_forecast(v_connection, v_mapping);
    END IF;
    PERFORM sffdw.set_field_flags(v_mapping, v_described, indexes);
    PERFORM sffdw.apply_indexes(v_mapping.mapping_id);
    PERFORM sffdw.create_capture(
        v_connection.schema_name, v_table, v_connection.hstore_schema, access, capture_replicated);
    PERFORM sffdw.apply_history(v_connection, v_mapping);
    PERFORM sffdw.apply_write_mode(v_connection, v_mapping);
    PERFORM sffdw.mirror_config(v_connection.connection_id);
    PERFORM sffdw.log_event(
        v_connection.connection_id, 'MAPPING CREATED',
        format('%s table %s', CASE WHEN v_is_new THEN 'created' ELSE 'took over' END, v_table),
        object_name => v_object.object);
    RETURN v_mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.create_mapping(
    text, text[], text, text, text[], interval, boolean, text, text, text[], text, text, text, text, integer, boolean,
    integer, boolean, boolean, text) IS
    'Map an object to a local table and return the mapping''s id; the table exists on return, the next poll loads it. '
    'An existing table is taken over if it fits, and never overwritten. Raises SF007 and SF008 for what the org lacks, '
    'SF003 for polls that would exceed the budget, unless force, '
    'duplicate_object, duplicate_table, invalid_parameter_value, feature_not_supported for fields and objects that no '
    'table can hold.';

COMMIT;
