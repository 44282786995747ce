-- Deploy sffdw:functions/alter_types to pg
-- requires: functions/follow_field
-- requires: functions/load_stage
-- requires: functions/request_field_sweep
-- requires: functions/request_resync

BEGIN;

CREATE FUNCTION sffdw.cast_column(column_name name, old_type oid, new_type text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN n.new_type = old_type OR n.new_type IN ('varchar'::regtype, 'text'::regtype)
            -- As an assignment: a text that is too long is an error, and not cut.
            THEN format('%I', column_name)
        WHEN old_type = 'double precision'::regtype AND n.new_type = 'numeric'::regtype
            -- Its own cast keeps 15 digits.
            THEN format('%I::text::numeric', column_name)
        WHEN ARRAY[old_type, n.new_type] @> ARRAY['timestamp'::regtype::oid, 'timestamptz'::regtype::oid]
            -- A zone that is an interval is no text that could be shadowed.
            THEN format('%I AT TIME ZONE INTERVAL ''0''', column_name)
        ELSE format('%I::%s', column_name, cast_column.new_type)
    END
    FROM (VALUES (split_part(cast_column.new_type, '(', 1)::regtype::oid)) n (new_type);
$function$;

COMMENT ON FUNCTION sffdw.cast_column(name, oid, text) IS
    'Return the expression by which a column''s values take another type, with all their digits; times without a zone are '
    'UTC.';

CREATE FUNCTION sffdw.retyped_clauses(relation regclass, fields sffdw.described_field[], with_lengths boolean)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(format(
        'ALTER COLUMN %I TYPE %s%s USING %s', a.attname, n.type_name, CASE
            -- A collation of the user's own would be lost.
            WHEN a.attcollation NOT IN (0, t.typcollation) THEN format(' COLLATE %I.%I', s.nspname, l.collname)
        END, sffdw.cast_column(a.attname, a.atttypid, n.type_name)), ', ' ORDER BY a.attnum)
    FROM unnest(fields) f
    CROSS JOIN LATERAL (
        SELECT CASE WHEN with_lengths THEN f.pg_type ELSE regexp_replace(f.pg_type, '\(.*\)', '') END AS type_name
    ) n
    JOIN pg_attribute a ON a.attrelid = relation AND a.attname = f.column_name AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_namespace s ON s.oid = l.collnamespace;
$function$;

COMMENT ON FUNCTION sffdw.retyped_clauses(regclass, sffdw.described_field[], boolean) IS
    'Return the clauses of one ALTER TABLE that give columns the types of their fields; NULL: none of them is there.';

CREATE FUNCTION sffdw.refuse_types(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_homeless text;
    v_count    bigint;
BEGIN
    SELECT string_agg(f.field_name, ',' ORDER BY f.field_name)
    INTO v_homeless
    FROM sffdw.mapping_field f
    JOIN unnest(described) d ON d.field_name = f.field_name
    WHERE f.mapping_id = mapping.mapping_id
    AND f.left_out_since IS NULL
    AND d.pg_type IS NULL;
    IF v_homeless IS NOT NULL THEN
        RAISE EXCEPTION 'types "%" have no column for what the mapping holds', mapping.types
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = format('Fields without one: %s.', v_homeless),
                  HINT = format('Pass drop_fields => ''{%s}'' too; compound fields have their parts as fields of their own.',
                                v_homeless);
    ELSIF mapping.conflict_policy = 'last_writer' THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT count(*) FROM %I._trigger_log l WHERE l.state IN (''NEW'', ''PENDING'') '
                   'AND l.table_name = $1', connection.schema_name)
    INTO v_count
    USING mapping.table_name;
    IF v_count > 0 THEN
        RAISE EXCEPTION '% changes of object "%" have not been sent', v_count, mapping.object_name
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'Whether somebody else changed a field too is found by its values, and not all types have the '
                           'same digits.',
                  HINT = 'Run CALL sffdw.write(), or sffdw.dismiss what cannot be sent, then change types.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_types(sffdw.connection, sffdw.mapping, sffdw.described_field[]) IS
    'Stop where the mapping''s new types have no column for a mapped field, or would have changes that wait mistaken for '
    'conflicts. Raises feature_not_supported, object_not_in_prerequisite_state.';

CREATE FUNCTION sffdw.retype_table(relation regclass, fields sffdw.described_field[], with_lengths boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $function$
DECLARE
    v_clauses    text := sffdw.retyped_clauses(relation, fields, with_lengths);
    v_dependents text;
BEGIN
    IF v_clauses IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %s %s', relation, v_clauses);
    END IF;
EXCEPTION
    WHEN feature_not_supported THEN
        SELECT string_agg(DISTINCT d.name, ', ')
        INTO v_dependents
        FROM unnest(fields) f
        CROSS JOIN LATERAL (SELECT sffdw.column_dependents(relation, f.column_name)) d (name);
        RAISE EXCEPTION 'types of table % cannot be changed', relation
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = format('%s: %s.', upper(left(SQLERRM, 1)) || substr(SQLERRM, 2), coalesce(v_dependents, 'none is known')),
                  HINT = 'Drop what depends on the columns, change types, and create it again: the table keeps its rows and '
                         'your own columns.';
    WHEN data_exception OR datatype_mismatch OR undefined_function THEN
        RAISE EXCEPTION 'values of table % do not fit the new types', relation
            USING ERRCODE = 'datatype_mismatch',
                  DETAIL = upper(left(SQLERRM, 1)) || substr(SQLERRM, 2) || '.',
                  HINT = 'Nothing has been changed. Correct the values, or drop the constraint that ties the column to '
                         'another one, and call again.';
END
$function$;

COMMENT ON FUNCTION sffdw.retype_table(regclass, sffdw.described_field[], boolean) IS
    'Give columns the types of their fields, with their values, rewriting the table once. '
    'Raises feature_not_supported, datatype_mismatch, lock_not_available.';

CREATE FUNCTION sffdw.alter_types(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    described  sffdw.described_field[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table   regclass := sffdw.mapped_table(connection, mapping)::regclass;
    v_history regclass := to_regclass(format('%I.%I', connection.schema_name, sffdw.history_table(connection, mapping)));
    v_fields  sffdw.described_field[];
    v_coarse  name[];
BEGIN
    PERFORM sffdw.refuse_types(connection, mapping, described);
    -- What stood in double precision may have had more digits in Salesforce.
    SELECT array_agg(ROW(d.field_name, f.column_name, d.sf_type, d.pg_type, d.live_type, d.is_createable,
                         d.is_updateable, d.is_calculated, d.is_external_id, d.is_unique, d.length,
                         d.target_object)::sffdw.described_field),
           coalesce(array_agg(f.column_name) FILTER (WHERE a.atttypid = 'double precision'::regtype), '{}')
    INTO v_fields, v_coarse
    FROM sffdw.mapping_field f
    JOIN unnest(described) d ON d.field_name = f.field_name
    JOIN pg_attribute a ON a.attrelid = v_table AND a.attname = f.column_name AND NOT a.attisdropped
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name <> 'Id'
    AND f.left_out_since IS NULL
    AND format_type(a.atttypid, a.atttypmod) <> format_type(d.pg_type::regtype, NULL)
                                                || coalesce(substring(d.pg_type FROM '\(.*\)'), '');
    PERFORM sffdw.retype_table(v_table, v_fields, true);
    IF v_history IS NOT NULL THEN
        PERFORM sffdw.retype_table(v_history, v_fields, false);
    END IF;
    UPDATE sffdw.mapping_field f
    SET pg_type = format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a
    WHERE f.mapping_id = mapping.mapping_id
    AND a.attrelid = v_table
    AND a.attname = f.column_name
    AND NOT a.attisdropped;
    -- What a load has put aside has the old types.
    IF mapping.load_is_staged OR mapping.load_cursor IS NOT NULL OR mapping.state IN ('INITIAL', 'RELOAD_TABLE') THEN
        PERFORM sffdw.drop_load_stage(connection, mapping);
        PERFORM sffdw.request_resync(mapping.mapping_id);
    ELSE
        PERFORM sffdw.request_field_sweep(mapping.mapping_id, 'backfill', v_coarse);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.alter_types(sffdw.connection, sffdw.mapping, sffdw.described_field[]) IS
    'Give a mapped table, and its history, the columns that the mapping''s types now want; rows, ids and users'' own '
    'columns stay. Where the old type had fewer digits, the columns are read again between polls. '
    'Raises feature_not_supported, object_not_in_prerequisite_state, datatype_mismatch, lock_not_available.';

COMMIT;
