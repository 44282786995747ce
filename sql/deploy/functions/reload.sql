-- Deploy sffdw:functions/reload to pg
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/log_event
-- requires: functions/require_owner
-- requires: tables/mapping_progress

BEGIN;

CREATE FUNCTION sffdw.request_reload(mapping_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping m
    SET state = 'RELOAD_TABLE',
        phase = 'load',
        load_cursor = NULL,
        load_rows_done = 0,
        next_poll_at = clock_timestamp()
    WHERE m.mapping_id = request_reload.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.request_reload(integer) IS
    'Have every record of a mapping read again by the next polls, and rows that Salesforce no longer has deleted.';

CREATE FUNCTION sffdw.reload(object_name text DEFAULT NULL, connection_name text DEFAULT 'salesforce')
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping    sffdw.mapping;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    IF object_name IS NOT NULL THEN
        PERFORM sffdw.find_mapping(v_connection.connection_id, object_name);
    END IF;
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id
        AND lower(m.object_name) = coalesce(lower(reload.object_name), lower(m.object_name))
        ORDER BY m.mapping_id
    LOOP
        PERFORM sffdw.request_reload(v_mapping.mapping_id);
        PERFORM sffdw.log_event(v_connection.connection_id, 'RELOAD TABLE', v_mapping.table_name,
                                object_name => v_mapping.object_name);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.reload(text, text) IS
    'Have the next poll read every record of one object, or of all, again. The table is not cleared: rows keep their '
    'id, rows that equal their record are not rewritten, those that Salesforce no longer has are deleted, and what is '
    'not yet sent stays. Raises insufficient_privilege, undefined_object.';

COMMIT;
