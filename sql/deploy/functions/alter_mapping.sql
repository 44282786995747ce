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

CREATE FUNCTION sffdw.check_alteration(mapping sffdw.mapping, types text)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF types <> mapping.types THEN
        RAISE EXCEPTION 'the types of a mapping cannot be changed'
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Run sffdw.drop_mapping(…, drop_table => true) and create the mapping again.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_alteration(sffdw.mapping, text) IS
    'Stop at changes that alter_mapping does not make. Raises feature_not_supported.';

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
    v_mapping    sffdw.mapping := sffdw.find_mapping(v_connection.connection_id, object_name);
    v_old_access text := v_mapping.access;
    v_old_mode   text := v_mapping.write_mode;
    v_old_calls  bigint := sffdw.mapping_calls(v_connection, v_mapping);
    v_described  sffdw.described_field[];
    v_chosen     sffdw.described_field[];
    v_added      sffdw.described_field[];
    v_dropped    text[] := drop_fields;
    v_indexes    text[] := indexes;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    PERFORM sffdw.check_settings(jsonb_strip_nulls(jsonb_build_object(
        'access', access, 'types', types, 'write_mode', write_mode, 'conflict_policy', conflict_policy,
        'rejected_policy', rejected_policy, 'schema_policy', schema_policy, 'accelerated', accelerated,
        'row_filter', row_filter, 'daily_call_cap', daily_call_cap, 'history', history,
        'hold_threshold', hold_threshold)));
    PERFORM sffdw.check_alteration(v_mapping, types);
    PERFORM sffdw.check_poll_interval(poll_interval);
    PERFORM sffdw.check_replication(v_connection, capture_replicated);
    v_described := sffdw.describe_fields(v_connection, v_mapping.object_name, v_mapping.types)
                   || sffdw.describe_paths(v_connection, v_mapping.object_name, fields || add_fields || array(
                       SELECT f.field_name
                       FROM sffdw.mapping_field f
                       WHERE f.mapping_id = v_mapping.mapping_id
                       AND f.left_out_since IS NULL), v_mapping.types);

    UPDATE sffdw.mapping m
    SET access = coalesce(alter_mapping.access, m.access),
        unique_identifier = CASE
            WHEN alter_mapping.unique_identifier IS NULL THEN m.unique_identifier
            WHEN alter_mapping.unique_identifier <> '' THEN
                sffdw.check_unique_identifier(m.object_name, v_described, alter_mapping.unique_identifier)
        END,
        poll_interval = coalesce(alter_mapping.poll_interval, m.poll_interval),
        next_poll_at = least(m.next_poll_at, now() + coalesce(alter_mapping.poll_interval, m.poll_interval)),
        write_mode = coalesce(alter_mapping.write_mode, m.write_mode),
        writable_fields = coalesce(alter_mapping.writable_fields, m.writable_fields),
        conflict_policy = coalesce(alter_mapping.conflict_policy, m.conflict_policy),
        rejected_policy = coalesce(alter_mapping.rejected_policy, m.rejected_policy),
        accelerated = coalesce(alter_mapping.accelerated, m.accelerated),
        daily_call_cap = coalesce(alter_mapping.daily_call_cap, m.daily_call_cap),
        history = coalesce(alter_mapping.history, m.history),
        capture_replicated = coalesce(alter_mapping.capture_replicated, m.capture_replicated),
        hold_threshold = nullif(coalesce(alter_mapping.hold_threshold, m.hold_threshold), 0),
        row_filter = nullif(coalesce(alter_mapping.row_filter, m.row_filter), ''),
        schema_policy = coalesce(alter_mapping.schema_policy, m.schema_policy),
        state = CASE m.state WHEN 'SCHEMA_CHANGED' THEN 'RESYNC' ELSE m.state END,
        state_description = CASE m.state WHEN 'SCHEMA_CHANGED' THEN NULL ELSE m.state_description END,
        revision = m.revision + 1
    WHERE m.mapping_id = v_mapping.mapping_id
    RETURNING m.* INTO v_mapping;

    IF rename_fields IS NOT NULL THEN
        v_mapping := sffdw.rename_mapping_fields(v_connection, v_mapping, v_described, rename_fields);
    END IF;
    v_chosen := sffdw.choose_fields(
        v_mapping.object_name, v_described, coalesce(fields, add_fields), v_mapping.unique_identifier);
    v_added := array(
        SELECT d
        FROM unnest(v_chosen) d
        WHERE d.field_name NOT IN (
            SELECT f.field_name FROM sffdw.mapping_field f WHERE f.mapping_id = v_mapping.mapping_id));
    IF fields IS NOT NULL THEN
        v_dropped := array(
            SELECT f.field_name
            FROM sffdw.mapping_field f
            WHERE f.mapping_id = v_mapping.mapping_id
            AND f.field_name NOT IN (SELECT d.field_name FROM unnest(v_chosen) d));
    END IF;
    PERFORM sffdw.drop_mapping_fields(v_connection, v_mapping, v_dropped);
    IF cardinality(v_added) > 0 THEN
        PERFORM sffdw.extend_mapped_table(v_connection, v_mapping, v_added);
        PERFORM sffdw.request_backfill(v_mapping, v_added);
    END IF;

    PERFORM sffdw.apply_row_filter(v_connection, v_mapping);
    PERFORM sffdw.apply_history(v_connection, v_mapping);
    PERFORM sffdw.apply_write_mode(v_connection, v_mapping, v_old_mode);
    IF indexes IS NULL THEN
        v_indexes := array(
            SELECT f.field_name
            FROM sffdw.mapping_field f
            WHERE f.mapping_id = v_mapping.mapping_id
            AND f.is_indexed
            AND NOT f.is_unique);
    END IF;
    PERFORM sffdw.set_field_flags(v_mapping, v_described, v_indexes);
    PERFORM sffdw.apply_indexes(v_mapping.mapping_id);
    IF capture_replicated IS NOT NULL THEN
        PERFORM sffdw.create_capture(
            v_connection.schema_name, v_mapping.table_name, v_connection.hstore_schema, v_mapping.access,
            v_mapping.capture_replicated);
    ELSIF v_mapping.access <> v_old_access THEN
        PERFORM sffdw.create_logger(
            v_connection.schema_name, v_mapping.table_name, v_connection.hstore_schema, v_mapping.access,
            v_mapping.capture_replicated);
    END IF;
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
    '({"Old__c": "New__c"}) stay and stand for the other field. What was captured before '
    'access changed keeps its state. Raises as create_mapping, and lock_not_available when the table is in use.';

COMMIT;
