-- Deploy sffdw:functions/build_index to pg
-- requires: functions/apply_indexes

BEGIN;

CREATE FUNCTION sffdw.drop_load_indexes(mapping_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- An index goes only if no reader has to wait for it.
SET lock_timeout = '100ms'
AS $function$
DECLARE
    v_index record;
BEGIN
    FOR v_index IN
        SELECT w.schema_name, w.index_name
        FROM sffdw.wanted_indexes(mapping_id) w
        WHERE w.is_wanted
        AND NOT w.is_unique
        AND w.index_exists
    LOOP
        EXECUTE format('DROP INDEX %I.%I', v_index.schema_name, v_index.index_name);
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RAISE DEBUG 'the table is in use: its indexes stay while it is loaded';
END
$function$;

COMMENT ON FUNCTION sffdw.drop_load_indexes(integer) IS
    'Drop the indexes of an empty table that a load would have to keep up row by row; they are built in its end. Unique '
    'ones stay, for they decide what a row is.';

CREATE FUNCTION sffdw.build_index(mapping_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
-- A load takes as much memory for a large object as for a small one.
SET maintenance_work_mem = '4MB'
AS $function$
DECLARE
    v_index record;
BEGIN
    SELECT w.*
    INTO v_index
    FROM sffdw.wanted_indexes(mapping_id) w
    WHERE w.is_wanted
    AND NOT w.index_exists
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sffdw.create_index(v_index.schema_name, v_index.table_name, v_index.column_name, v_index.index_name,
                               v_index.is_unique);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.build_index(integer) IS
    'Build one of a mapped table''s indexes that is missing and return true; false: all are there. Readers go on '
    'meanwhile, writers wait. Raises lock_not_available.';

COMMIT;
