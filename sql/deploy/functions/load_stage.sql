-- Deploy sffdw:functions/load_stage to pg
-- requires: functions/merge_columns

BEGIN;

CREATE FUNCTION sffdw.load_stage(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- No system table and no object is called so.
    SELECT format('%I.%I', connection.live_schema_name, '_load_' || mapping.mapping_id);
$function$;

COMMENT ON FUNCTION sffdw.load_stage(sffdw.connection, sffdw.mapping) IS
    'Return the quoted name of the table in which a load puts its pages aside.';

CREATE FUNCTION sffdw.drop_load_stage(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF to_regclass(sffdw.load_stage(connection, mapping)) IS NOT NULL THEN
        EXECUTE 'DROP TABLE ' || sffdw.load_stage(connection, mapping);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.drop_load_stage(sffdw.connection, sffdw.mapping) IS
    'Drop what a load has put aside, if it has.';

CREATE FUNCTION sffdw.open_load_stage(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text;
BEGIN
    PERFORM sffdw.drop_load_stage(connection, mapping);
    SELECT string_agg(format('%I %s', c.column_name, c.stage_type), ', ')
    INTO STRICT v_columns
    FROM sffdw.merge_columns(connection, mapping) c;
    -- Logged: a crash empties unlogged tables, and the load would go on behind what was lost.
    EXECUTE format('CREATE TABLE %s (_ordinal bigint, _gone boolean NOT NULL, _leaves boolean NOT NULL, '
                   '_unread boolean NOT NULL, _stamp timestamptz, _creator text, %s) WITH (autovacuum_enabled = off)',
                   sffdw.load_stage(connection, mapping), v_columns);
END
$function$;

COMMENT ON FUNCTION sffdw.open_load_stage(sffdw.connection, sffdw.mapping) IS
    'Make an empty table in the live schema, the connection''s own, for the pages of a load.';

CREATE FUNCTION sffdw.put_aside(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_names text := '_ordinal, _gone, _leaves, _stamp, _creator, ' || (
        SELECT string_agg(format('%I', c.column_name), ', ')
        FROM sffdw.merge_columns(connection, mapping) c);
BEGIN
    -- A record that could not be read whole is set aside on its own, but is known to be there.
    EXECUTE format('INSERT INTO %1$s (_unread, %2$s) SELECT _verdict IS NOT NULL, %2$s FROM %3$s',
                   sffdw.load_stage(connection, mapping), v_names, stage);
    PERFORM sffdw.defer_records(mapping, stage);
END
$function$;

COMMENT ON FUNCTION sffdw.put_aside(sffdw.connection, sffdw.mapping, text) IS
    'Keep a staged page for the end of its load.';

CREATE FUNCTION sffdw.clear_load_stage(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    first_id   text,
    before_id  text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('DELETE FROM %s s WHERE ($1 IS NULL OR s.sfid COLLATE "C" >= $1) '
                   'AND ($2 IS NULL OR s.sfid COLLATE "C" < $2)', sffdw.load_stage(connection, mapping))
    USING first_id, before_id;
END
$function$;

COMMENT ON FUNCTION sffdw.clear_load_stage(sffdw.connection, sffdw.mapping, text, text) IS
    'Forget the records of a range of Ids that a load has put aside: they are read again.';

COMMIT;
