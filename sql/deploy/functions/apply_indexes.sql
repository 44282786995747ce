-- Deploy sffdw:functions/apply_indexes to pg
-- requires: tables/mapping_field
-- requires: functions/fit_name

BEGIN;

CREATE FUNCTION sffdw.wanted_indexes(mapping_id integer)
RETURNS TABLE (
    schema_name  name,
    table_name   name,
    column_name  name,
    index_name   name,
    is_unique    boolean,
    is_wanted    boolean,
    index_exists boolean
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT i.schema_name, i.table_name, i.column_name, i.index_name, i.is_unique, i.is_wanted,
           to_regclass(format('%I.%I', i.schema_name, i.index_name)) IS NOT NULL
    FROM (
        SELECT c.schema_name, m.table_name, f.column_name,
               sffdw.fit_name(format('%s_idx_%s_%s', k.prefix, m.table_name, f.column_name)) AS index_name,
               k.is_unique, f.is_indexed AND f.is_unique = k.is_unique AS is_wanted
        FROM sffdw.mapping m
        JOIN sffdw.connection c USING (connection_id)
        JOIN sffdw.mapping_field f USING (mapping_id)
        CROSS JOIN (VALUES ('hc', false), ('hcu', true)) AS k (prefix, is_unique)
        WHERE m.mapping_id = wanted_indexes.mapping_id
    ) i
    ORDER BY i.column_name;
$function$;

COMMENT ON FUNCTION sffdw.wanted_indexes(integer) IS
    'The indexes that a mapped table may have of us, whether mapping_field wants them and whether they are there.';

CREATE FUNCTION sffdw.create_index(
    schema_name name,
    table_name  name,
    column_name name,
    index_name  name,
    is_unique   boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('CREATE %s INDEX %I ON %I.%I (%I)', CASE WHEN is_unique THEN 'UNIQUE' ELSE '' END, index_name,
                   schema_name, table_name, column_name);
END
$function$;

COMMENT ON FUNCTION sffdw.create_index(name, name, name, name, boolean) IS 'Create an index of ours on a mapped table.';

CREATE FUNCTION sffdw.apply_indexes(mapping_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_index record;
BEGIN
    FOR v_index IN SELECT w.* FROM sffdw.wanted_indexes(mapping_id) w WHERE w.is_wanted <> w.index_exists LOOP
        IF v_index.is_wanted THEN
            PERFORM sffdw.create_index(v_index.schema_name, v_index.table_name, v_index.column_name,
                                       v_index.index_name, v_index.is_unique);
        ELSE
            EXECUTE format('DROP INDEX %I.%I', v_index.schema_name, v_index.index_name);
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_indexes(integer) IS
    'Make a mapped table''s indexes hc_idx_… and hcu_idx_… what mapping_field says; the user''s own stay.';

COMMIT;
