-- Deploy sffdw:functions/claim_entries to pg
-- requires: functions/check_connection
-- requires: functions/hold_writes
-- requires: functions/job_filter
-- requires: functions/sync_setting
-- requires: tables/mapping_field
-- requires: tables/write_claim

BEGIN;

CREATE TYPE sffdw.open_entry AS (
    entry_id   integer,
    table_name text,
    action     text,
    sfid       text,
    given_up   text,
    taken      text,
    content    text,
    is_ready   boolean
);

COMMENT ON TYPE sffdw.open_entry IS
    'An entry of the trigger log that is not settled: the value of the unique identifier that its row had before and '
    'has now, all that it says, and whether it is the oldest of its record and may be sent.';

CREATE FUNCTION sffdw.open_entries(connection sffdw.connection, scan_limit integer)
RETURNS SETOF sffdw.open_entry
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT l.id, l.table_name::text, l.action::text, l.sfid::text,
               l.old::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text,
               l."values"::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text,
               concat(l.old, l."values"),
               l.state = 'NEW' AND coalesce(c.next_try_at, '-infinity') <= clock_timestamp()
               AND row_number() OVER (PARTITION BY l.table_name, l.record_id ORDER BY l.id) = 1
               AND %5$s
        FROM (
            SELECT *
            FROM %1$I._trigger_log l
            WHERE state IN ('NEW', 'PENDING')
            AND %3$s
            AND %4$s
            ORDER BY id
            LIMIT $1
        ) l
        LEFT JOIN sffdw.write_claim c ON c.connection_id = $2 AND c.entry_id = l.id
        LEFT JOIN sffdw.mapping m ON m.connection_id = $2 AND m.table_name = l.table_name
        LEFT JOIN sffdw.mapping_field i ON i.mapping_id = m.mapping_id AND i.field_name = m.unique_identifier
    $query$, connection.schema_name, connection.hstore_schema, sffdw.held_filter(connection),
        sffdw.job_filter(connection), sffdw.job_order(connection))
    USING scan_limit, connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.open_entries(sffdw.connection, integer) IS
    'Return the oldest unsettled entries of the trigger log, those held for a person apart, at most that many; NULL: all.';

CREATE FUNCTION sffdw.choose_entries(connection sffdw.connection, scan_limit integer)
RETURNS integer[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A record's entries go one after the other. Other records' entries wait for an older one that is held up only
    -- where their order matters: a value of the unique identifier that it gives up, or a record that it refers to and
    -- that is now to be deleted.
    WITH open_entry AS MATERIALIZED (
        SELECT * FROM sffdw.open_entries(connection, scan_limit)
    ), held AS MATERIALIZED (
        SELECT * FROM open_entry WHERE NOT is_ready
    ), ready AS MATERIALIZED (
        SELECT * FROM open_entry WHERE is_ready ORDER BY entry_id
        LIMIT 2 * sffdw.sync_setting(connection.options, 'write_batch_size')
    ), chosen AS (
        SELECT r.entry_id,
               lag((r.table_name, r.action)) OVER (ORDER BY r.entry_id)
               IS DISTINCT FROM (r.table_name, r.action) AS is_new_call
        FROM ready r
        WHERE NOT EXISTS (
            SELECT
            FROM held o
            WHERE o.table_name = r.table_name
            AND o.given_up = r.taken
            AND o.entry_id < r.entry_id
        )
        AND NOT (r.action = 'DELETE' AND EXISTS (
            SELECT
            FROM held o
            WHERE o.entry_id < r.entry_id
            AND strpos(o.content, r.sfid) > 0
        ))
        ORDER BY r.entry_id
        LIMIT sffdw.sync_setting(connection.options, 'write_batch_size')
    )
    SELECT array_agg(n.entry_id ORDER BY n.entry_id)
    FROM (SELECT entry_id, sum(is_new_call::integer) OVER (ORDER BY entry_id) AS call_number FROM chosen) n
    WHERE n.call_number <= sffdw.sync_setting(connection.options, 'write_batch_calls');
$function$;

COMMENT ON FUNCTION sffdw.choose_entries(sffdw.connection, integer) IS
    'Return the oldest entries that can be sent now, of each record the oldest open one, as many as fit a few '
    'requests; looks at that many open entries, NULL for all.';

CREATE FUNCTION sffdw.take_entries(connection sffdw.connection)
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids integer[];
BEGIN
    -- Usually what can be sent is among the first; all are looked at when those are held up.
    v_ids := coalesce(sffdw.choose_entries(connection, 5000), sffdw.choose_entries(connection, NULL));
    v_ids := sffdw.keep_sendable(connection, v_ids);
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
    $query$, connection.schema_name)
    INTO v_ids
    USING v_ids;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.take_entries(sffdw.connection) IS
    'Give entries that can be sent now the state PENDING and return them; another session''s are passed over.';

CREATE FUNCTION sffdw.concerns_org(http_status integer, status_code text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(http_status, 500) NOT BETWEEN 200 AND 428 AND coalesce(http_status, 500) NOT BETWEEN 430 AND 499
           OR coalesce(status_code, '') IN ('REQUEST_LIMIT_EXCEEDED', 'TXN_SECURITY_METERING_ERROR',
                                            'SERVER_UNAVAILABLE');
$function$;

COMMENT ON FUNCTION sffdw.concerns_org(integer, text) IS
    'Whether a passing error is that of the whole org, out of reach or exhausted, and not of the one record.';

CREATE FUNCTION sffdw.awaits_org(connection_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.write_claim c
        WHERE c.connection_id = awaits_org.connection_id
        AND (c.phase = 'waiting'
             AND c.next_try_at > clock_timestamp()
             AND sffdw.concerns_org(c.http_status, c.status_code)
             OR c.phase = 'doubtful'
             AND c.claimed_at > clock_timestamp() - interval '15 seconds'
             AND c.http_status >= 500)
    );
$function$;

COMMENT ON FUNCTION sffdw.awaits_org(integer) IS
    'Whether entries await their next try because the org was out of reach, or have just been answered by an error of '
    'its servers: no others are sent for that long.';

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
    IF v_connection.paused_out OR v_connection.write_pause_until > clock_timestamp()
    OR sffdw.awaits_org(claim_entries.connection_id) THEN
        RETURN NULL;
    END IF;
    PERFORM sffdw.hold_writes(v_connection);
    v_ids := sffdw.take_entries(v_connection);
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
        final_state = NULL,
        record_id = NULL;
    RETURN v_batch_id;
END
$function$;

COMMENT ON FUNCTION sffdw.claim_entries(integer) IS
    'Take entries to be sent: state PENDING, with who took them. Return the batch, to be committed before it is sent; '
    'NULL: there is nothing to send, or nothing may be sent now. Raises SF002.';

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
