-- Deploy sffdw:functions/check_replication to pg
-- requires: tables/connection

BEGIN;

CREATE FUNCTION sffdw.check_replication(connection sffdw.connection, capture_replicated boolean)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table text;
BEGIN
    SELECT c.relname
    INTO v_table
    FROM pg_subscription_rel s
    JOIN pg_class c ON c.oid = s.srrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = connection.schema_name
    AND c.relname IN ('_hcmeta', '_trigger_log', '_trigger_log_archive')
    ORDER BY c.relname
    LIMIT 1;
    IF FOUND AND capture_replicated THEN
        RAISE EXCEPTION 'what is replicated cannot be captured: the publisher has a connection of its own'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('A subscription brings its table "%s" into schema "%s".', v_table,
                                  connection.schema_name),
                  HINT = 'Changes must be sent by one of the two: leave capture_replicated out, or drop the '
                         'publisher''s connection and take its internal tables out of the publication.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_replication(sffdw.connection, boolean) IS
    'Stop if replicated changes are to be captured and a subscription shows that the publisher sends them already. '
    'Raises object_not_in_prerequisite_state.';

COMMIT;
