-- Deploy sffdw:functions/claim_entries to pg
-- requires: functions/check_connection
-- requires: functions/sync_setting
-- requires: tables/mapping_field
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.choose_entries(connection sffdw.connection, scan_limit integer)
RETURNS integer[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids integer[];
BEGIN
    -- A record's entries go one after the other. Other records' entries wait for an older one that is held up only
    -- where their order matters: a value of the unique identifier that it gives up, or a record that it refers to and
    -- that is now to be deleted.
    EXECUTE format($query$
        WITH open_entry AS MATERIALIZED (
            SELECT l.id, l.table_name, l.action, l.sfid, l.old, l."values", i.column_name,
                   l.state = 'NEW' AND coalesce(c.next_try_at, '-infinity') <= clock_timestamp()
                   AND row_number() OVER (PARTITION BY l.table_name, l.record_id ORDER BY l.id) = 1 AS is_ready
            FROM (
                SELECT *
                FROM %1$I._trigger_log
                WHERE state IN ('NEW', 'PENDING')
                ORDER BY id
                LIMIT $1
            ) l
            LEFT JOIN sffdw.write_claim c ON c.connection_id = $2 AND c.entry_id = l.id
            LEFT JOIN sffdw.mapping m ON m.connection_id = $2 AND m.table_name = l.table_name
            LEFT JOIN sffdw.mapping_field i ON i.mapping_id = m.mapping_id AND i.field_name = m.unique_identifier
        ), held AS MATERIALIZED (
            SELECT o.id, o.table_name, concat(o.old, o."values") AS content,
                   o.old::%3$I.hstore OPERATOR(%3$I.->) o.column_name::text AS identifier
            FROM open_entry o
            WHERE NOT o.is_ready
        ), ready AS MATERIALIZED (
            SELECT r.id, r.table_name, r.action, r.sfid,
                   r."values"::%3$I.hstore OPERATOR(%3$I.->) r.column_name::text AS identifier
            FROM open_entry r
            WHERE r.is_ready
            ORDER BY r.id
            LIMIT 2 * %4$s
        ), chosen AS (
            SELECT r.id, r.table_name, r.action
            FROM ready r
            WHERE NOT EXISTS (
                SELECT
                FROM held o
                WHERE o.table_name = r.table_name
                AND o.identifier = r.identifier
                AND o.id < r.id
            )
            AND NOT (r.action = 'DELETE' AND EXISTS (
                SELECT
                FROM held o
                WHERE o.id < r.id
                AND strpos(o.content, r.sfid) > 0
            ))
            ORDER BY r.id
            LIMIT %4$s
        ), run AS (
            SELECT id,
                   (lag((table_name, action)) OVER (ORDER BY id)
                    IS DISTINCT FROM (table_name, action))::integer AS is_new
            FROM chosen
        )
        SELECT array_agg(n.id ORDER BY n.id)
        FROM (SELECT id, sum(is_new) OVER (ORDER BY id) AS call_number FROM run) n
        WHERE n.call_number <= %5$s
    $query$,
        connection.schema_name, connection.connection_id, connection.hstore_schema,
        sffdw.sync_setting(connection.options, 'write_batch_size'),
        sffdw.sync_setting(connection.options, 'write_batch_calls'))
    INTO v_ids
    USING scan_limit, connection.connection_id;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_entries(sffdw.connection, integer) IS
    'Return the oldest entries that can be sent now, of each record the oldest open one, as many as fit a few '
    'requests; looks at that many open entries, NULL for all.';

CREATE FUNCTION sffdw.claim_entries(connection_id integer)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_ids        integer[];
    v_batch_id   uuid := gen_random_uuid();
BEGIN
    SELECT c.* INTO v_connection FROM sffdw.connection c WHERE c.connection_id = claim_entries.connection_id;
    PERFORM sffdw.refuse_recovery(v_connection);
    IF v_connection.paused_out OR v_connection.throttled_until > clock_timestamp() THEN
        RETURN NULL;
    END IF;
    -- Usually what can be sent is among the first; all are looked at when those are held up.
    v_ids := coalesce(sffdw.choose_entries(v_connection, 5000), sffdw.choose_entries(v_connection, NULL));
    EXECUTE format($query$
        WITH taken AS MATERIALIZED (
            SELECT l.id
            FROM %1$I._trigger_log l
            WHERE l.id = ANY ($1)
            AND l.state = 'NEW'
            ORDER BY l.id
            FOR UPDATE SKIP LOCKED
        ), marked AS (
            UPDATE %1$I._trigger_log l
            SET state = 'PENDING', updated_at = clock_timestamp()
            FROM taken t
            WHERE l.id = t.id
            RETURNING l.id
        )
        SELECT array_agg(m.id) FROM marked m
    $query$, v_connection.schema_name)
    INTO v_ids
    USING v_ids;
    PERFORM sffdw.show_writing(v_connection, v_ids IS NOT NULL);
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO sffdw.write_claim AS c (
        connection_id, entry_id, phase, batch_id, batch_position, claimant_pid, claimant_start, attempt_count)
    SELECT v_connection.connection_id, e.id, 'claimed', v_batch_id, row_number() OVER (ORDER BY e.id), a.pid,
           a.backend_start, 1
    FROM unnest(v_ids) e (id)
    CROSS JOIN (SELECT p.pid, p.backend_start FROM pg_stat_activity p WHERE p.pid = pg_backend_pid()) a
    ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
    SET phase = excluded.phase,
        batch_id = excluded.batch_id,
        batch_position = excluded.batch_position,
        claimant_pid = excluded.claimant_pid,
        claimant_start = excluded.claimant_start,
        claimed_at = clock_timestamp(),
        attempt_count = c.attempt_count + 1,
        next_try_at = NULL,
        final_state = NULL;
    RETURN v_batch_id;
END
$function$;

COMMENT ON FUNCTION sffdw.claim_entries(integer) IS
    'Take entries to be sent: state PENDING, with who took them. Return the batch, to be committed before it is sent; '
    'NULL: there is nothing to send, or nothing may be sent now.';

CREATE FUNCTION sffdw.show_writing(connection sffdw.connection, is_writing boolean)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.connection c
    SET state = CASE WHEN is_writing THEN 'POLLING_DB_CHANGES' ELSE 'IDLE' END
    WHERE c.connection_id = connection.connection_id
    AND c.state = CASE WHEN is_writing THEN 'IDLE' ELSE 'POLLING_DB_CHANGES' END;
$function$;

COMMENT ON FUNCTION sffdw.show_writing(sffdw.connection, boolean) IS
    'Set the connection''s state to what the contract calls it while changes are sent, and back.';

COMMIT;
