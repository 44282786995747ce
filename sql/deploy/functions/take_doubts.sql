-- Deploy sffdw:functions/take_doubts to pg
-- requires: functions/make_request
-- requires: tables/ingest_job
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.take_doubts(connection sffdw.connection)
RETURNS SETOF sffdw.write_claim
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH doubt AS (
            SELECT c.entry_id, c.asked_at, l.table_name, l.action
            FROM sffdw.write_claim c
            JOIN %1$I._trigger_log l ON l.id = c.entry_id
            WHERE c.connection_id = $1
            AND c.phase = 'doubtful'
            AND coalesce(c.next_try_at, '-infinity') <= clock_timestamp()
            -- The records that a Bulk job has just made are nobody's yet: its results say whose. One that is open here may
            -- have been carried out for the server that this database is a copy of.
            AND NOT (l.action = 'INSERT' AND EXISTS (
                SELECT
                FROM sffdw.ingest_job j
                WHERE j.connection_id = $1
                AND j.table_name = l.table_name
                AND j.action = 'INSERT'
                AND j.phase <> 'claimed'
            ))
        ), first AS (
            SELECT * FROM doubt ORDER BY asked_at NULLS FIRST, entry_id LIMIT 1
        )
        SELECT c.*
        FROM sffdw.write_claim c
        WHERE c.connection_id = $1
        AND c.entry_id IN (
            SELECT d.entry_id
            FROM doubt d
            JOIN first f ON (f.table_name, f.action) = (d.table_name, d.action)
            ORDER BY d.asked_at NULLS FIRST, d.entry_id
            -- Creates are found by one question, however many there are, and better together.
            LIMIT (SELECT CASE f.action WHEN 'INSERT' THEN 2000 ELSE 200 END FROM first f)
        )
        ORDER BY c.entry_id
        FOR UPDATE SKIP LOCKED
    $query$, connection.schema_name)
    USING connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.take_doubts(sffdw.connection) IS
    'Lock and return claims in doubt, of one table and action, so that one call can ask about all of them: those first '
    'that were never asked about, and the oldest.';

CREATE FUNCTION sffdw.has_unasked(connection sffdw.connection, requests sffdw.write_request[], since timestamptz)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has boolean;
BEGIN
    EXECUTE format($query$
        SELECT EXISTS (
            SELECT
            FROM sffdw.write_claim c
            JOIN %1$I._trigger_log l ON l.id = c.entry_id
            WHERE c.connection_id = $1
            AND c.phase = 'doubtful'
            AND coalesce(c.asked_at, '-infinity') < $3
            AND l.action = 'INSERT'
            AND l.table_name = (SELECT o.table_name FROM %1$I._trigger_log o WHERE o.id = $2[1])
            AND l.id <> ALL ($2)
        )
    $query$, connection.schema_name)
    INTO v_has
    USING connection.connection_id, ARRAY(SELECT r.entry_id FROM unnest(requests) r), since;
    RETURN v_has;
END
$function$;

COMMENT ON FUNCTION sffdw.has_unasked(sffdw.connection, sffdw.write_request[], timestamptz) IS
    'Whether other INSERTs of the same table are in doubt that were not asked about since then: a record that nobody '
    'accounts for may be theirs, to the letter.';

COMMIT;
