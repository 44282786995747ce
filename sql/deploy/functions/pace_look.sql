-- Deploy sffdw:functions/pace_look to pg
-- requires: tables/write_look

BEGIN;

CREATE FUNCTION sffdw.may_look(connection_id integer, kind text)
RETURNS boolean
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT NOT EXISTS (
        SELECT
        FROM sffdw.write_look w
        WHERE w.connection_id = may_look.connection_id
        AND w.kind = may_look.kind
        AND w.look_at > clock_timestamp()
    );
$function$;

COMMENT ON FUNCTION sffdw.may_look(integer, text) IS
    'Whether the writer may look through all of the trigger log for something: not soon after a look that took long and '
    'found nothing.';

CREATE FUNCTION sffdw.note_look(connection_id integer, kind text, began_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_took CONSTANT interval := clock_timestamp() - began_at;
BEGIN
    IF v_took < interval '200 milliseconds' THEN
        DELETE FROM sffdw.write_look w
        WHERE w.connection_id = note_look.connection_id
        AND w.kind = note_look.kind;
        RETURN;
    END IF;
    -- However many entries wait, looking at them leaves time for the rest; and on a busy machine, where a look takes long
    -- for no reason of its own, what is captured meanwhile waits for some seconds only.
    INSERT INTO sffdw.write_look AS w (connection_id, kind, look_at)
    VALUES (note_look.connection_id, note_look.kind, clock_timestamp() + least(
        10 * v_took, greatest(2 * v_took, interval '5 seconds'), interval '1 minute'))
    ON CONFLICT ON CONSTRAINT write_look_pkey DO UPDATE
    SET look_at = excluded.look_at, is_stale = false;
END
$function$;

COMMENT ON FUNCTION sffdw.note_look(integer, text, timestamptz) IS
    'Note that a look found nothing. One that took long is made again after some seconds, or after twice as long.';

CREATE FUNCTION sffdw.look_again(connection_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    DELETE FROM sffdw.write_look w
    WHERE w.connection_id = look_again.connection_id;
$function$;

COMMENT ON FUNCTION sffdw.look_again(integer) IS
    'Have the writer look at once: a run begins, or something for which many may have waited is over.';

CREATE FUNCTION sffdw.outdate_looks(connection_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.write_look w
    SET is_stale = true
    WHERE w.connection_id = outdate_looks.connection_id
    AND NOT w.is_stale;
$function$;

COMMENT ON FUNCTION sffdw.outdate_looks(integer) IS
    'Note that something has been done, which others may have waited for.';

CREATE FUNCTION sffdw.end_looks(connection_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    DELETE FROM sffdw.write_look w
    WHERE w.connection_id = end_looks.connection_id
    AND w.is_stale;
    RETURN FOUND;
END
$function$;

COMMENT ON FUNCTION sffdw.end_looks(integer) IS
    'End the pauses after which something has been done; return whether there were any: one pass then goes round once '
    'more before it ends.';

COMMIT;
