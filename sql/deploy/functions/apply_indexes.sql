-- Deploy sffdw:functions/apply_indexes to pg
-- requires: tables/mapping_field
-- requires: functions/fit_name

BEGIN;

CREATE FUNCTION sffdw.apply_indexes(mapping_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_index  record;
    v_exists boolean;
BEGIN
    FOR v_index IN
        SELECT c.schema_name, m.table_name, f.column_name, k.is_unique,
               f.is_indexed AND f.is_unique = k.is_unique AS is_wanted,
               sffdw.fit_name(format('%s_idx_%s_%s', k.prefix, m.table_name, f.column_name)) AS index_name
        FROM sffdw.mapping m
        JOIN sffdw.connection c USING (connection_id)
        JOIN sffdw.mapping_field f USING (mapping_id)
        CROSS JOIN (VALUES ('hc', false), ('hcu', true)) AS k (prefix, is_unique)
        WHERE m.mapping_id = apply_indexes.mapping_id
        ORDER BY f.column_name
    LOOP
        v_exists := to_regclass(format('%I.%I', v_index.schema_name, v_index.index_name)) IS NOT NULL;
        IF v_index.is_wanted AND NOT v_exists THEN
            EXECUTE format('CREATE %s INDEX %I ON %I.%I (%I)',
                           CASE WHEN v_index.is_unique THEN 'UNIQUE' ELSE '' END,
                           v_index.index_name, v_index.schema_name, v_index.table_name, v_index.column_name);
        ELSIF v_exists AND NOT v_index.is_wanted THEN
            EXECUTE format('DROP INDEX %I.%I', v_index.schema_name, v_index.index_name);
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_indexes(integer) IS
    'Make a mapped table''s indexes hc_idx_… and hcu_idx_… what mapping_field says; the user''s own stay.';

COMMIT;
