-- Deploy sffdw:functions/follow_type to pg
-- requires: functions/follow_field

BEGIN;

CREATE FUNCTION sffdw.follow_length(
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
    v_table  text := sffdw.mapped_table(connection, mapping);
    v_column name;
    v_length integer;
BEGIN
    SELECT f.column_name, CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 0 THEN a.atttypmod - 4 END
    INTO v_column, v_length
    FROM sffdw.mapping_field f
    JOIN pg_attribute a ON a.attrelid = v_table::regclass AND a.attname = f.column_name AND NOT a.attisdropped
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = described.field_name;
    IF v_length IS NULL OR v_length >= described.length OR described.pg_type !~ '^(varchar|text)' THEN
        RETURN 'nothing to do: the column holds it';
    END IF;
    BEGIN
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s', v_table, v_column, described.pg_type);
    EXCEPTION WHEN feature_not_supported THEN
        RETURN format('waits to widen the column under %s',
                      coalesce(sffdw.column_dependents(v_table::regclass, v_column), SQLERRM));
    END;
    UPDATE sffdw.mapping_field f
    SET pg_type = (
        SELECT format_type(a.atttypid, a.atttypmod)
        FROM pg_attribute a
        WHERE a.attrelid = v_table::regclass
        AND a.attname = v_column)
    WHERE f.mapping_id = mapping.mapping_id
    AND f.column_name = v_column;
    RETURN format('column widened to %s', described.pg_type);
END
$function$;

COMMENT ON FUNCTION sffdw.follow_length(sffdw.connection, sffdw.mapping, sffdw.described_field) IS
    'Widen the column of a text that may now be longer, in place. A view or trigger on the column hinders it. '
    'Raises lock_not_available.';

CREATE FUNCTION sffdw.retype_live_column(
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
    v_table  text := sffdw.live_table(connection, mapping);
    v_column name := sffdw.live_column(connection, mapping, described.field_name);
BEGIN
    IF v_column IS NOT NULL
    AND sffdw.column_type(v_table::regclass, v_column) <> described.live_type::regtype THEN
        EXECUTE format('ALTER FOREIGN TABLE %s ALTER COLUMN %I TYPE %s', v_table, v_column, described.live_type);
    END IF;
    RETURN NULL;
EXCEPTION WHEN feature_not_supported THEN
    RETURN format('waits to change the live column under %s',
                  coalesce(sffdw.column_dependents(v_table::regclass, v_column), SQLERRM));
END
$function$;

COMMENT ON FUNCTION sffdw.retype_live_column(sffdw.connection, sffdw.mapping, sffdw.described_field) IS
    'Give a live column the type that its field now has. Return what hinders it; NULL: nothing. '
    'Raises lock_not_available.';

CREATE FUNCTION sffdw.alter_column_type(relation regclass, column_name name, new_type text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_types oid[] := ARRAY[sffdw.column_type(relation, column_name), split_part(new_type, '(', 1)::regtype::oid];
BEGIN
    EXECUTE format('ALTER TABLE %1$s ALTER COLUMN %2$I TYPE %3$s USING %2$I%4$s::%3$s', relation, column_name, new_type,
                   CASE WHEN v_types @> ARRAY['timestamp'::regtype::oid, 'timestamptz'::regtype::oid]
                        THEN ' AT TIME ZONE ''UTC''' ELSE '' END);
END
$function$;

COMMENT ON FUNCTION sffdw.alter_column_type(regclass, name, text) IS
    'Change a column''s type with its values; times without a zone are UTC. Raises what ALTER TABLE raises.';

CREATE FUNCTION sffdw.follow_type(
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
    v_table    text := sffdw.mapped_table(connection, mapping);
    v_hindered text := sffdw.retype_live_column(connection, mapping, described);
    v_column   name;
    v_old      oid;
    v_new      oid := split_part(described.pg_type, '(', 1)::regtype;
BEGIN
    SELECT f.column_name
    INTO v_column
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = described.field_name;
    IF v_column IS NULL THEN
        RETURN coalesce(v_hindered, 'not mapped; live column changed');
    END IF;
    v_old := sffdw.column_type(v_table::regclass, v_column);
    IF v_hindered IS NOT NULL OR v_new IS NULL THEN
        PERFORM sffdw.leave_out(mapping, described.field_name);
        RETURN coalesce(v_hindered, 'left out: no column can hold it, values kept');
    ELSIF v_new = v_old THEN
        RETURN 'nothing to do: the column holds it';
    ELSIF mapping.schema_policy = 'evolve' AND sffdw.is_lossless(v_old, v_new) THEN
        PERFORM sffdw.alter_column_type(v_table::regclass, v_column, described.pg_type);
        IF mapping.history THEN
            PERFORM sffdw.alter_column_type(
                format('%I.%I', connection.schema_name, sffdw.history_table(connection, mapping))::regclass, v_column,
                split_part(described.pg_type, '(', 1));
            PERFORM sffdw.apply_history(connection, mapping);
        END IF;
        UPDATE sffdw.mapping_field f
        SET pg_type = described.pg_type, left_out_since = NULL
        WHERE f.mapping_id = mapping.mapping_id
        AND f.column_name = v_column;
        described.column_name := v_column;
        PERFORM sffdw.follow_flags(mapping, ARRAY[described]);
        PERFORM sffdw.request_backfill(mapping, ARRAY[described]);
        RETURN format('column changed to %s and being filled', described.pg_type);
    ELSIF sffdw.is_lossless(described.live_type::regtype, v_old) THEN
        RETURN format('the column keeps its type %s, which holds the values', format_type(v_old, NULL));
    END IF;
    PERFORM sffdw.leave_out(mapping, described.field_name);
    RETURN format('left out of queries and writes: the column keeps its type %s and its values',
                  format_type(v_old, NULL));
END
$function$;

COMMENT ON FUNCTION sffdw.follow_type(sffdw.connection, sffdw.mapping, sffdw.described_field) IS
    'Follow a field that changed its type: by policy evolve its column changes too where no value can be lost; else '
    'the column keeps its type and, if that cannot hold the new values, is left out. '
    'Raises feature_not_supported, lock_not_available.';

COMMIT;
