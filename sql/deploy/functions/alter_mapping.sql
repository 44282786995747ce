-- Deploy sffdw:functions/alter_mapping to pg
-- requires: functions/check_metadata
-- requires: functions/create_mapping
-- requires: functions/find_mapping
-- requires: functions/request_field_sweep
-- requires: functions/request_resync

BEGIN;

CREATE FUNCTION sffdw.drop_mapping_fields(connection sffdw.connection, mapping sffdw.mapping, fields text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_name  text;
    v_field sffdw.mapping_field;
BEGIN
    FOREACH v_name IN ARRAY fields LOOP
        SELECT f.*
        INTO v_field
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND lower(f.field_name) = lower(v_name);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'field "%" is not mapped', v_name
                USING ERRCODE = 'SF008', HINT = 'Column fields of view sffdw.mappings lists those that are.';
        ELSIF v_field.field_name IN ('Id', 'SystemModstamp', 'IsDeleted', mapping.unique_identifier) THEN
            RAISE EXCEPTION 'field "%" cannot be dropped from the mapping', v_field.field_name
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Id, SystemModstamp, IsDeleted and the unique identifier are what synchronisation needs.';
        END IF;
        EXECUTE format('ALTER TABLE %I.%I DROP COLUMN IF EXISTS %I',
                       connection.schema_name, mapping.table_name, v_field.column_name);
        DELETE FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND f.column_name = v_field.column_name;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.drop_mapping_fields(sffdw.connection, sffdw.mapping, text[]) IS
    'Drop fields and their columns from a mapping. Raises SF008, invalid_parameter_value, '
    'dependent_objects_still_exist.';

CREATE FUNCTION sffdw.extend_mapped_table(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    fields     sffdw.described_field[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table text := format('%I.%I', connection.schema_name, mapping.table_name);
    v_field sffdw.described_field;
BEGIN
    FOREACH v_field IN ARRAY fields LOOP
        IF EXISTS (
            SELECT
            FROM pg_attribute a
            WHERE a.attrelid = v_table::regclass
            AND a.attname = v_field.column_name
            AND NOT a.attisdropped
        ) THEN
            RAISE EXCEPTION 'column "%" of table % already exists', v_field.column_name, v_table
                USING ERRCODE = 'duplicate_column',
                      HINT = format('Rename your own column to map field "%s".', v_field.field_name);
        END IF;
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', v_table, v_field.column_name, v_field.pg_type);
    END LOOP;
    PERFORM sffdw.import_live_table(connection, mapping.table_name, fields);
    PERFORM sffdw.add_mapping_fields(mapping, fields);
END
$function$;

COMMENT ON FUNCTION sffdw.extend_mapped_table(sffdw.connection, sffdw.mapping, sffdw.described_field[]) IS
    'Add fields and their columns to a mapping. Raises duplicate_column.';

CREATE FUNCTION sffdw.request_backfill(mapping sffdw.mapping, fields sffdw.described_field[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF mapping.watermark_at IS NULL OR mapping.state IN ('INITIAL', 'RELOAD_TABLE') THEN
        -- What the running load has read already lacks the new columns.
        PERFORM sffdw.request_resync(mapping.mapping_id);
        RETURN;
    END IF;
    PERFORM sffdw.request_field_sweep(
        mapping.mapping_id, 'backfill', array(SELECT f.column_name FROM unnest(fields) f));
END
$function$;

COMMENT ON FUNCTION sffdw.request_backfill(sffdw.mapping, sffdw.described_field[]) IS
    'Have new columns filled between polls, or have the load that is under way begin anew.';

CREATE FUNCTION sffdw.apply_row_filter(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_filter text := sffdw.parse_row_filter(
        format('%I.%I', connection.live_schema_name, mapping.table_name), mapping.row_filter);
BEGIN
    IF v_filter IS DISTINCT FROM mapping.filter_expression THEN
        UPDATE sffdw.mapping m
        SET filter_expression = v_filter,
            filter_changed = true
        WHERE m.mapping_id = mapping.mapping_id;
        PERFORM sffdw.request_reload(mapping.mapping_id);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_row_filter(sffdw.connection, sffdw.mapping) IS
    'Take a mapping''s row filter into use; if it is another one, have all records read again. '
    'Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.change_settings(
    mapping   sffdw.mapping,
    described sffdw.described_field[],
    settings  jsonb
)
RETURNS sffdw.mapping
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_new sffdw.mapping := jsonb_populate_record(mapping, settings);
BEGIN
    IF settings ? 'unique_identifier' AND v_new.unique_identifier <> '' THEN
        v_new.unique_identifier := sffdw.check_unique_identifier(
            mapping.object_name, described, v_new.unique_identifier);
    END IF;
    UPDATE sffdw.mapping m
    SET access = v_new.access,
        unique_identifier = nullif(v_new.unique_identifier, ''),
        poll_interval = v_new.poll_interval,
        next_poll_at = least(m.next_poll_at, now() + v_new.poll_interval),
        types = v_new.types,
        write_mode = v_new.write_mode,
        writable_fields = v_new.writable_fields,
        conflict_policy = v_new.conflict_policy,
        rejected_policy = v_new.rejected_policy,
        accelerated = v_new.accelerated,
        daily_call_cap = v_new.daily_call_cap,
        history = v_new.history,
        capture_replicated = v_new.capture_replicated,
        hold_threshold = nullif(v_new.hold_threshold, 0),
        row_filter = nullif(v_new.row_filter, ''),
        schema_policy = v_new.schema_policy,
        state = CASE m.state WHEN 'SCHEMA_CHANGED' THEN 'RESYNC' ELSE m.state END,
        state_description = CASE m.state WHEN 'SCHEMA_CHANGED' THEN NULL ELSE m.state_description END,
        revision = m.revision + 1
    WHERE m.mapping_id = mapping.mapping_id
    RETURNING m.* INTO v_new;
    RETURN v_new;
END
$function$;

COMMENT ON FUNCTION sffdw.change_settings(sffdw.mapping, sffdw.described_field[], jsonb) IS
    'Store the settings of a mapping that are given, as a revision of it, and return it. '
    'Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.change_fields(
    connection  sffdw.connection,
    mapping     sffdw.mapping,
    described   sffdw.described_field[],
    fields      text[],
    add_fields  text[],
    drop_fields text[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_chosen sffdw.described_field[] := sffdw.choose_fields(
        mapping.object_name, described, coalesce(fields, add_fields), mapping.unique_identifier);
    v_added  sffdw.described_field[] := array(
        SELECT d
        FROM unnest(v_chosen) d
        WHERE d.field_name NOT IN (
            SELECT f.field_name FROM sffdw.mapping_field f WHERE f.mapping_id = mapping.mapping_id));
BEGIN
    IF fields IS NOT NULL THEN
        drop_fields := array(
            SELECT f.field_name
            FROM sffdw.mapping_field f
            WHERE f.mapping_id = mapping.mapping_id
            AND f.field_name NOT IN (SELECT d.field_name FROM unnest(v_chosen) d));
    END IF;
    PERFORM sffdw.drop_mapping_fields(connection, mapping, drop_fields);
    IF cardinality(v_added) > 0 THEN
        PERFORM sffdw.extend_mapped_table(connection, mapping, v_added);
        PERFORM sffdw.request_backfill(mapping, v_added);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.change_fields(
    sffdw.connection, sffdw.mapping, sffdw.described_field[], text[], text[], text[]) IS
    'Give a mapping these fields, or add some and drop others. Raises SF008, invalid_parameter_value, '
    'dependent_objects_still_exist, duplicate_column.';

CREATE FUNCTION sffdw.change_indexes(mapping sffdw.mapping, described sffdw.described_field[], indexes text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.set_field_flags(mapping, described, coalesce(indexes, array(
        SELECT f.field_name
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND f.is_indexed
        AND NOT f.is_unique)));
    PERFORM sffdw.apply_indexes(mapping.mapping_id);
END
$function$;

COMMENT ON FUNCTION sffdw.change_indexes(sffdw.mapping, sffdw.described_field[], text[]) IS
    'Give a mapped table the indexes that its fields ask for: these, or, if none are given, those it has.';

CREATE FUNCTION sffdw.change_capture(
    connection         sffdw.connection,
    mapping            sffdw.mapping,
    old_access         text,
    capture_replicated boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF capture_replicated IS NOT NULL THEN
        PERFORM sffdw.create_capture(
            connection.schema_name, mapping.table_name, connection.hstore_schema, mapping.access,
            mapping.capture_replicated);
    ELSIF mapping.access <> old_access THEN
        PERFORM sffdw.create_logger(
            connection.schema_name, mapping.table_name, connection.hstore_schema, mapping.access,
            mapping.capture_replicated);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.change_capture(sffdw.connection, sffdw.mapping, text, boolean) IS
    'Have the triggers of a mapped table follow its access, and what was said about replicated changes.';

CREATE FUNCTION sffdw.alter_mapping(
    object_name       text,
    fields            text[] DEFAULT NULL,
    access            text DEFAULT NULL,
    unique_identifier text DEFAULT NULL,
    indexes           text[] DEFAULT NULL,
    poll_interval     interval DEFAULT NULL,
    accelerated       boolean DEFAULT NULL,
    row_filter        text DEFAULT NULL,
    types             text DEFAULT NULL,
    writable_fields   text[] DEFAULT NULL,
    write_mode        text DEFAULT NULL,
    conflict_policy   text DEFAULT NULL,
    rejected_policy   text DEFAULT NULL,
    schema_policy     text DEFAULT NULL,
    daily_call_cap    integer DEFAULT NULL,
    history           boolean DEFAULT NULL,
    hold_threshold    integer DEFAULT NULL,
    force             boolean DEFAULT false,
    add_fields        text[] DEFAULT '{}',
    drop_fields       text[] DEFAULT '{}',
    rename_fields     jsonb DEFAULT NULL,
    capture_replicated boolean DEFAULT NULL,
    connection_name   text DEFAULT 'salesforce'
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_old        sffdw.mapping := sffdw.find_mapping(v_connection.connection_id, object_name);
    v_old_calls  bigint := sffdw.mapping_calls(v_connection, v_old);
    v_types      text := coalesce(types, v_old.types);
    v_mapping    sffdw.mapping;
    v_described  sffdw.described_field[];
    v_settings   jsonb := jsonb_strip_nulls(jsonb_build_object(
        'access', access, 'unique_identifier', unique_identifier, 'poll_interval', poll_interval,
        'accelerated', accelerated, 'row_filter', row_filter, 'types', types, 'writable_fields', writable_fields,
        'write_mode', write_mode, 'conflict_policy', conflict_policy, 'rejected_policy', rejected_policy,
        'schema_policy', schema_policy, 'daily_call_cap', daily_call_cap, 'history', history,
        'hold_threshold', hold_threshold, 'capture_replicated', capture_replicated));
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    PERFORM sffdw.check_settings(v_settings);
    PERFORM sffdw.check_poll_interval(poll_interval);
    PERFORM sffdw.check_replication(v_connection, capture_replicated);
    v_described := sffdw.describe_fields(v_connection, v_old.object_name, v_types)
                   || sffdw.describe_paths(v_connection, v_old.object_name, fields || add_fields || array(
                       SELECT f.field_name
                       FROM sffdw.mapping_field f
                       WHERE f.mapping_id = v_old.mapping_id
                       AND f.left_out_since IS NULL), v_types);
    v_mapping := sffdw.change_settings(v_old, v_described, v_settings);
    IF rename_fields IS NOT NULL THEN
        v_mapping := sffdw.rename_mapping_fields(v_connection, v_mapping, v_described, rename_fields);
    END IF;
    PERFORM sffdw.change_fields(v_connection, v_mapping, v_described, fields, add_fields, drop_fields);
    IF v_types <> v_old.types THEN
        PERFORM sffdw.alter_types(v_connection, v_mapping, v_described);
    END IF;
    PERFORM sffdw.apply_row_filter(v_connection, v_mapping);
    PERFORM sffdw.apply_history(v_connection, v_mapping);
    PERFORM sffdw.apply_write_mode(v_connection, v_mapping, v_old.write_mode);
    PERFORM sffdw.change_indexes(v_mapping, v_described, indexes);
    PERFORM sffdw.change_capture(v_connection, v_mapping, v_old.access, capture_replicated);
    -- Accelerated polls and formulas cost calls as well.
    IF NOT force AND (num_nonnulls(poll_interval, daily_call_cap) > 0
                      OR sffdw.mapping_calls(v_connection, v_mapping) > v_old_calls) THEN
        PERFORM sffdw.check_forecast(v_connection, v_mapping);
    END IF;
    PERFORM sffdw.mirror_config(v_connection.connection_id);
    PERFORM sffdw.log_event(
        v_connection.connection_id, 'MAPPING CHANGED', format('revision %s', v_mapping.revision),
        object_name => v_mapping.object_name);
    RETURN v_mapping.revision;
END
$function$;

COMMENT ON FUNCTION sffdw.alter_mapping(
    text, text[], text, text, text[], interval, boolean, text, text, text[], text, text, text, text, integer, boolean,
    integer, boolean, text[], text[], jsonb, boolean, text) IS
    'Change a mapping''s settings and return its new revision; NULL leaves a setting as it is, '''' takes the unique '
    'identifier or the row filter away, ''{*}'' makes all fields writable again. Added fields are filled page by page '
    'between polls (state RESYNC), reading Id and them only; dropped ones lose their column; columns of rename_fields '
    '({"Old__c": "New__c"}) stay and stand for the other field. Other types change the '
    'columns in place, with their values. What was captured before access changed keeps its state. Raises as '
    'create_mapping and alter_types, and lock_not_available when the table is in use.';

COMMIT;
