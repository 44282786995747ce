-- Deploy sffdw:functions/read_intents to pg
-- requires: tables/connection

BEGIN;

CREATE TYPE sffdw.sync_intent AS (
    intent_id         text,
    batch_id          uuid,
    transaction_id    text,
    mapping_id        integer,
    object_name       text,
    operation         text,
    external_id_field text,
    sent_at           timestamptz,
    is_answered       boolean,
    changes           jsonb
);

COMMENT ON TYPE sffdw.sync_intent IS 'What a request of a synchronous write was to do, as the file of it says.';

CREATE FUNCTION sffdw.find_origin(connection sffdw.connection)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('%s/%s/%s', connection.system_identifier, connection.database_oid, connection.connection_id);
$function$;

COMMENT ON FUNCTION sffdw.find_origin(sffdw.connection) IS
    'Return what the intents of a connection are told by, in a directory that several databases may share.';

CREATE FUNCTION sffdw.list_intents(connection sffdw.connection)
RETURNS SETOF sffdw.sync_intent
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT i.intent_id, i.batch_id, i.transaction_id, i.mapping_id, i.object_name, i.operation,
               i.external_id_field, i.sent_at, i.answered, NULL::jsonb
        FROM %I._intents i
        WHERE i.origin = %L
    $query$, connection.live_schema_name, sffdw.find_origin(connection));
END
$function$;

COMMENT ON FUNCTION sffdw.list_intents(sffdw.connection) IS
    'Return the intents of a connection''s synchronous writes that nobody has settled yet, without their changes.';

CREATE FUNCTION sffdw.read_intents(connection sffdw.connection, intent_ids text[])
RETURNS SETOF sffdw.sync_intent
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF cardinality(intent_ids) > 0 THEN
        RETURN QUERY EXECUTE format($query$
            SELECT i.intent_id, i.batch_id, i.transaction_id, i.mapping_id, i.object_name, i.operation,
                   i.external_id_field, i.sent_at, i.answered, i.changes
            FROM %I._intents i
            WHERE i.origin = %L
            AND i.intent_id = ANY ($1)
            ORDER BY i.sent_at
        $query$, connection.live_schema_name, sffdw.find_origin(connection))
        USING intent_ids;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.read_intents(sffdw.connection, text[]) IS
    'Return intents with their changes, the oldest first.';

CREATE FUNCTION sffdw.forget_intents(connection sffdw.connection, intent_ids text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF cardinality(intent_ids) > 0 THEN
        EXECUTE format('DELETE FROM %I._intents i WHERE i.origin = %L AND i.intent_id = ANY ($1)',
                       connection.live_schema_name, sffdw.find_origin(connection))
        USING intent_ids;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.forget_intents(sffdw.connection, text[]) IS
    'Remove intents, at once and for good, whatever becomes of the transaction.';

CREATE FUNCTION sffdw.has_ended(transaction_id text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- One that is younger than ours may be running, or was lost in a crash with its id; then our ids overtake it soon.
    IF transaction_id::xid8 > pg_current_xact_id() THEN
        RETURN false;
    END IF;
    RETURN transaction_id::xid8 = pg_current_xact_id()
           OR pg_xact_status(transaction_id::xid8) IS DISTINCT FROM 'in progress';
END
$function$;

COMMENT ON FUNCTION sffdw.has_ended(text) IS
    'Whether a transaction is over, however it ended. Its id may be another''s after a crash: what it has left in a '
    'table says how.';

COMMIT;
