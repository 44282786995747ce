-- Deploy sffdw:functions/follow_field to pg
-- requires: functions/alter_mapping
-- requires: functions/compare_fields
-- requires: functions/merge_columns
-- requires: functions/row_filter
-- requires: functions/schema_events
-- requires: triggers/history

BEGIN;

CREATE FUNCTION sffdw.is_lossless(old_type oid, new_type oid)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT old_type = new_type
    OR new_type IN ('text'::regtype, 'varchar'::regtype)
    OR (old_type, new_type) IN (
        ('integer'::regtype, 'bigint'::regtype),
        ('integer'::regtype, 'numeric'::regtype),
        ('integer'::regtype, 'double precision'::regtype),
        ('bigint'::regtype, 'numeric'::regtype),
        ('double precision'::regtype, 'numeric'::regtype),
        -- By contract: live tables hold money and numbers exactly, heroku types do not.
        ('numeric'::regtype, 'double precision'::regtype),
        ('date'::regtype, 'timestamp'::regtype),
        ('date'::regtype, 'timestamptz'::regtype),
        ('timestamp'::regtype, 'timestamptz'::regtype),
        ('timestamptz'::regtype, 'timestamp'::regtype));
$function$;

COMMENT ON FUNCTION sffdw.is_lossless(oid, oid) IS
    'Whether every value of one column type has a place in another, as the contract''s types have it.';

CREATE FUNCTION sffdw.column_type(relation regclass, column_name name)
RETURNS oid
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT a.atttypid
    FROM pg_attribute a
    WHERE a.attrelid = relation
    AND a.attname = column_name
    AND NOT a.attisdropped;
$function$;

COMMENT ON FUNCTION sffdw.column_type(regclass, name) IS
    'Return the type of a column without its length; NULL: there is no such column.';

CREATE FUNCTION sffdw.live_column(connection sffdw.connection, mapping sffdw.mapping, field_name text)
RETURNS name
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT a.attname
    FROM pg_attribute a
    CROSS JOIN LATERAL pg_options_to_table(a.attfdwoptions) o
    WHERE a.attrelid = to_regclass(sffdw.live_table(connection, mapping))
    AND NOT a.attisdropped
    AND o.option_name = 'field'
    AND lower(o.option_value) = lower(field_name)
    ORDER BY a.attnum
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.live_column(sffdw.connection, sffdw.mapping, text) IS
    'Return the column of a mapping''s live table that stands for a field; NULL: there is none.';

CREATE FUNCTION sffdw.leave_out(mapping sffdw.mapping, field_name text)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping_field f
    SET left_out_since = coalesce(f.left_out_since, clock_timestamp()),
        is_createable = false,
        is_updateable = false
    WHERE f.mapping_id = mapping.mapping_id
    AND lower(f.field_name) = lower(leave_out.field_name)
    AND f.field_name <> 'Id';
$function$;

COMMENT ON FUNCTION sffdw.leave_out(sffdw.mapping, text) IS
    'Read and send a mapped field no longer; its column keeps the values.';

CREATE FUNCTION sffdw.follow_lookup(mapping sffdw.mapping, field_name text, is_there boolean)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping_field f
    SET left_out_since = CASE WHEN is_there THEN NULL ELSE coalesce(f.left_out_since, clock_timestamp()) END,
        is_createable = is_there AND (k.described -> 'createable')::boolean
                        AND sffdw.is_writable(mapping, f.field_name),
        is_updateable = is_there AND (k.described -> 'updateable')::boolean
                        AND sffdw.is_writable(mapping, f.field_name)
    FROM sffdw.known_field k
    WHERE k.mapping_id = mapping.mapping_id
    AND lower(k.field_name) = lower(follow_lookup.field_name)
    AND f.mapping_id = mapping.mapping_id
    AND f.field_name LIKE '%.%'
    AND lower(split_part(f.field_name, '.', 1)) = lower(k.described ->> 'relationship_name');
$function$;

COMMENT ON FUNCTION sffdw.follow_lookup(sffdw.mapping, text, boolean) IS
    'Leave the external ids of the records that a lookup field leads to out, or take them up again: they come and go '
    'with the field.';

CREATE FUNCTION sffdw.follow_flags(mapping sffdw.mapping, described sffdw.described_field[])
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping_field f
    SET field_name = d.field_name,
        sf_type = d.sf_type,
        length = d.length,
        is_createable = d.is_createable AND f.left_out_since IS NULL AND sffdw.is_writable(mapping, d.field_name),
        is_updateable = d.is_updateable AND f.left_out_since IS NULL AND sffdw.is_writable(mapping, d.field_name),
        is_calculated = d.is_calculated
    FROM unnest(described) d
    WHERE f.mapping_id = mapping.mapping_id
    AND lower(f.field_name) = lower(d.field_name);
$function$;

COMMENT ON FUNCTION sffdw.follow_flags(sffdw.mapping, sffdw.described_field[]) IS
    'Note what describe now says of the mapped fields and what may be written of them.';

CREATE FUNCTION sffdw.pause_mapping(mapping sffdw.mapping, field_name text, reason text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE sffdw.mapping m
    SET state = 'SCHEMA_CHANGED',
        state_description = format('Paused: %s %s', field_name, reason)
    WHERE m.mapping_id = mapping.mapping_id;
    RETURN 'mapping paused until sffdw.alter_mapping or sffdw.reload is called';
END
$function$;

COMMENT ON FUNCTION sffdw.pause_mapping(sffdw.mapping, text, text) IS
    'Stop the polls of a mapping until a person has decided, and return the words for it.';

CREATE FUNCTION sffdw.follow_added(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF mapping.schema_policy <> 'evolve' OR described.pg_type IS NULL THEN
        IF sffdw.live_column(connection, mapping, described.field_name) IS NULL THEN
            PERFORM sffdw.import_live_table(connection, mapping.table_name, ARRAY[described]);
        END IF;
        RETURN CASE
            WHEN described.pg_type IS NULL THEN format('not mapped: no column can hold %s', described.sf_type)
            ELSE 'not mapped; sffdw.alter_mapping with add_fields maps it'
        END;
    ELSIF EXISTS (
        SELECT
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND f.field_name = described.field_name
    ) THEN
        RETURN 'mapped already';
    END IF;
    PERFORM sffdw.extend_mapped_table(connection, mapping, ARRAY[described]);
    PERFORM sffdw.apply_history(connection, mapping);
    PERFORM sffdw.follow_flags(mapping, ARRAY[described]);
    PERFORM sffdw.request_backfill(mapping, ARRAY[described]);
    PERFORM sffdw.mirror_config(mapping.connection_id);
    RETURN 'mapped and being filled';
END
$function$;

COMMENT ON FUNCTION sffdw.follow_added(sffdw.connection, sffdw.mapping, sffdw.described_field) IS
    'Give a new field its live column and, by policy evolve, map it. Raises duplicate_column, too_many_columns.';

CREATE FUNCTION sffdw.follow_removed(
    connection       sffdw.connection,
    mapping          sffdw.mapping,
    field_name       text,
    OUT action       text,
    OUT is_hindered  boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column name := sffdw.live_column(connection, mapping, field_name);
BEGIN
    PERFORM sffdw.leave_out(mapping, field_name);
    PERFORM sffdw.follow_lookup(mapping, field_name, false);
    action := CASE WHEN sffdw.is_mapped(mapping.mapping_id, field_name)
        THEN 'left out of queries and writes, values kept' ELSE 'not mapped; live column dropped' END;
    is_hindered := false;
    IF v_column IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        EXECUTE format('ALTER FOREIGN TABLE %s DROP COLUMN %I', sffdw.live_table(connection, mapping), v_column);
        PERFORM sffdw.parse_row_filter(sffdw.live_table(connection, mapping), mapping.row_filter);
    EXCEPTION
        WHEN invalid_parameter_value THEN
            -- Without its filter the mapping would read too much: its polls fail until a person has decided.
            action := action || '; polls stop until row_filter does without it';
        WHEN dependent_objects_still_exist OR lock_not_available THEN
            is_hindered := true;
            action := format('waits to drop the live column: %s; %s', coalesce(
                sffdw.column_dependents(sffdw.live_table(connection, mapping)::regclass, v_column), SQLERRM), action);
    END;
END
$function$;

COMMENT ON FUNCTION sffdw.follow_removed(sffdw.connection, sffdw.mapping, text) IS
    'Leave a field out that Salesforce no longer has; drop its live column unless something depends on it.';

CREATE FUNCTION sffdw.follow_returned(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column name;
BEGIN
    SELECT f.column_name
    INTO v_column
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = described.field_name;
    described.column_name := coalesce(v_column, described.column_name);
    PERFORM sffdw.import_live_table(connection, mapping.table_name, ARRAY[described]);
    PERFORM sffdw.follow_lookup(mapping, described.field_name, true);
    IF v_column IS NULL THEN
        RETURN 'not mapped; live column added';
    END IF;
    IF NOT sffdw.is_lossless(described.live_type::regtype,
                             sffdw.column_type(sffdw.mapped_table(connection, mapping)::regclass, v_column)) THEN
        RETURN format('left out: its type is now %s', described.sf_type);
    END IF;
    UPDATE sffdw.mapping_field f
    SET left_out_since = NULL
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = described.field_name;
    PERFORM sffdw.follow_flags(mapping, ARRAY[described]);
    -- What changed meanwhile was not read.
    PERFORM sffdw.request_backfill(mapping, ARRAY[described]);
    RETURN 'read and sent again; its column is being filled';
END
$function$;

COMMENT ON FUNCTION sffdw.follow_returned(sffdw.connection, sffdw.mapping, sffdw.described_field) IS
    'Take up a mapped field again that was gone, unless its column cannot hold it any more.';

COMMIT;
