-- Deploy sffdw:functions/doubt_rejections to pg
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.doubt_rejections(connection sffdw.connection, batch_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What was refused now may have been done before, by the request whose answer was lost: a record that is deleted by
    -- now, a rule that lets nobody make the same change twice. A delete says so itself.
    EXECUTE format($query$
        UPDATE sffdw.write_claim c
        SET phase = 'doubtful', final_state = NULL, is_rejected = true, next_try_at = clock_timestamp(), asked_at = NULL
        FROM %I._trigger_log l
        WHERE c.connection_id = $1
        AND c.batch_id = $2
        AND c.phase = 'answered'
        AND c.final_state = 'FAILED'
        AND c.is_resent
        AND c.http_status IS NOT NULL
        AND l.id = c.entry_id
        AND l.action <> 'DELETE'
    $query$, connection.schema_name)
    USING connection.connection_id, batch_id;
END
$function$;

COMMENT ON FUNCTION sffdw.doubt_rejections(sffdw.connection, uuid) IS
    'Put in doubt the rejected entries of a batch that had been sent before, without an answer: Salesforce is asked '
    'once more before they are FAILED.';

COMMIT;
