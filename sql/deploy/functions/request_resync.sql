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
    -- A first load or a reload that has to begin anew stays what it is: it deletes what Salesforce no longer has.
    SET state = CASE WHEN m.state IN ('INITIAL', 'RELOAD_TABLE') THEN m.state ELSE 'RESYNC' END,
        load_cursor = NULL,
        load_rows_done = 0,
        next_poll_at = now()
    WHERE m.mapping_id = request_resync.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.request_resync(integer) IS
    'Have every record of a mapping read again by the next polls, without clearing the table: state RESYNC. A load '
    'under way begins anew.';

COMMIT;
