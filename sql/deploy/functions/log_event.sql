-- Deploy sffdw:functions/log_event to pg
-- requires: tables/log_entry

BEGIN;

CREATE FUNCTION sffdw.log_event(
    connection_id integer,
    event         text,
    message       text,
    level         text DEFAULT 'INFO',
    object_name   text DEFAULT NULL,
    row_count     bigint DEFAULT NULL,
    duration_ms   bigint DEFAULT NULL
)
RETURNS bigint
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO sffdw.log_entry (connection_id, object_name, level, event, message, row_count, duration_ms)
    VALUES (connection_id, object_name, level, event, message, row_count, duration_ms)
    RETURNING log_id;
$function$;

COMMENT ON FUNCTION sffdw.log_event(integer, text, text, text, text, bigint, bigint) IS
    'Add a line to the log of a connection, and of one of its objects if named; return its id.';

COMMIT;
