-- Deploy sffdw:functions/note_truncate to pg
-- requires: functions/log_event
-- requires: tables/mapping

BEGIN;

CREATE FUNCTION sffdw.note_truncate(schema_name name, table_name name)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.log_event(
        m.connection_id, 'TABLE TRUNCATED',
        format('table %s was truncated by %s: its records stay in Salesforce', m.table_name, session_user), 'WARNING',
        m.object_name)
    FROM sffdw.mapping m
    JOIN sffdw.connection c USING (connection_id)
    WHERE c.schema_name = note_truncate.schema_name
    AND m.table_name = note_truncate.table_name;
$function$;

COMMENT ON FUNCTION sffdw.note_truncate(name, name) IS 'Log that a mapped table was truncated, which is not captured.';

COMMIT;
