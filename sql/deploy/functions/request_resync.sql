-- Deploy sffdw:functions/request_resync to pg
-- requires: tables/mapping

BEGIN;

CREATE FUNCTION sffdw.request_resync(mapping_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping m
    SET state = CASE m.state WHEN 'INITIAL' THEN m.state ELSE 'RESYNC' END,
        load_cursor = NULL,
        load_rows_done = 0,
        next_poll_at = now()
    WHERE m.mapping_id = request_resync.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.request_resync(integer) IS
    'Have every record of a mapping read again by the next polls, without clearing the table: state RESYNC. A load '
    'under way begins anew.';

COMMIT;
