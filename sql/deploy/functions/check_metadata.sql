-- Deploy sffdw:functions/check_metadata to pg
-- requires: tables/connection

BEGIN;

CREATE FUNCTION sffdw.find_missing_table(connection sffdw.connection)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT t.table_name
    FROM (VALUES ('_trigger_log'), ('_trigger_log_archive'), ('_hcmeta')) t (table_name)
    WHERE to_regclass(format('%I.%I', connection.schema_name, t.table_name)) IS NULL
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.find_missing_table(sffdw.connection) IS
    'Return the name of a table without which a connection refuses to run, by contract; NULL: they are all there.';

CREATE FUNCTION sffdw.refuse_unavailable(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_missing text := sffdw.find_missing_table(connection);
BEGIN
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION 'table "%" of connection "%" is missing', v_missing, connection.connection_name
            USING ERRCODE = 'SF018',
                  DETAIL = format('Without _trigger_log, _trigger_log_archive and _hcmeta in schema "%s" nothing is read, '
                                  'sent or changed.', connection.schema_name),
                  HINT = format('Restore it from a backup: the connection then goes on by itself. If it is lost, run '
                                'sffdw.drop_connection(connection_name => %L), drop what is left of the three, and create '
                                'connection and mappings again: the tables of records are taken over.',
                                connection.connection_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_unavailable(sffdw.connection) IS
    'Stop if the trigger log, its archive or _hcmeta is missing. Raises SF018.';

COMMIT;
