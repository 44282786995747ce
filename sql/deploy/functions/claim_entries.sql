-- Deploy sffdw:functions/claim_entries to pg
-- requires: functions/break_cycle
-- requires: functions/check_connection
-- requires: functions/choose_entries
-- requires: functions/divert_resent
-- requires: functions/hold_writes
-- requires: functions/merge_entries
-- requires: functions/pace_look
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.choose_first(connection sffdw.connection)
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_began_at CONSTANT timestamptz := clock_timestamp();
    v_chosen   integer[];
BEGIN
    IF sffdw.may_look(connection.connection_id, 'first') THEN
        v_chosen := sffdw.choose_entries(connection, greatest(
            5000, sffdw.sync_setting(connection.options, 'write_batch_size')));
        IF v_chosen IS NULL THEN
            PERFORM sffdw.note_look(connection.connection_id, 'first', v_began_at);
        END IF;
    END IF;
    RETURN v_chosen;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_first(sffdw.connection) IS
    'Return entries that can be sent now, of the oldest in the log, where they usually are.';

CREATE FUNCTION sffdw.choose_deep(connection sffdw.connection)
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_began_at CONSTANT timestamptz := clock_timestamp();
    v_chosen   integer[];
BEGIN
    IF NOT sffdw.may_look(connection.connection_id, 'claim') THEN
        RETURN NULL;
    END IF;
    IF sffdw.has_candidates(connection) THEN
        v_chosen := sffdw.choose_entries(connection, NULL);
        IF v_chosen IS NULL AND sffdw.break_cycle(connection) THEN
            v_chosen := sffdw.choose_entries(connection, NULL);
        END IF;
    END IF;
    IF v_chosen IS NULL THEN
        PERFORM sffdw.note_look(connection.connection_id, 'claim', v_began_at);
    END IF;
    RETURN v_chosen;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_deep(sffdw.connection) IS
    'Return entries that can be sent now, wherever in the log they are; where rows only wait for each other, break the '
    'circle.';

CREATE FUNCTION sffdw.take_entries(connection sffdw.connection)
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_any boolean;
    v_chosen integer[];
    v_ids    integer[];
BEGIN
    -- What is in flight, in a Bulk job for instance, is not read again and again.
    EXECUTE format('SELECT EXISTS (SELECT FROM %I._trigger_log l WHERE l.state = ''NEW'')', connection.schema_name)
    INTO v_is_any;
    IF NOT v_is_any THEN
        RETURN NULL;
    END IF;
    v_chosen := coalesce(sffdw.choose_first(connection), sffdw.choose_deep(connection));
    v_ids := sffdw.keep_sendable(connection, v_chosen);
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
        SELECT array_agg(m.id ORDER BY o.place)
        FROM marked m
        JOIN unnest($2) WITH ORDINALITY o (id, place) ON o.id = m.id
    $query$, connection.schema_name)
    INTO v_ids
    USING v_ids, v_chosen;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.take_entries(sffdw.connection) IS
    'Give entries that can be sent now the state PENDING and return them in the order in which they are sent; another '
    'session''s are passed over.';

CREATE FUNCTION sffdw.concerns_org(http_status integer, status_code text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(http_status, 500) NOT BETWEEN 200 AND 428 AND coalesce(http_status, 500) NOT BETWEEN 430 AND 499
           OR coalesce(status_code, '') IN ('REQUEST_LIMIT_EXCEEDED', 'TXN_SECURITY_METERING_ERROR',
                                            'SERVER_UNAVAILABLE', 'UNREADABLE', 'API_CURRENTLY_DISABLED',
                                            'API_DISABLED_FOR_ORG');
$function$;

COMMENT ON FUNCTION sffdw.concerns_org(integer, text) IS
    'Whether a passing error is that of the whole org, out of reach, switched off or exhausted, and not of the one record.';

CREATE FUNCTION sffdw.throttles(status_code text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(status_code, '') IN ('REQUEST_LIMIT_EXCEEDED', 'TXN_SECURITY_METERING_ERROR', 'SF001', 'SF003');
$function$;

COMMENT ON FUNCTION sffdw.throttles(text) IS
    'Whether an error keeps all entries from being sent, and is told of as the connection''s: a login refused, calls used up.';

CREATE FUNCTION sffdw.awaits_org(connection_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH failed AS MATERIALIZED (
        SELECT c.phase, c.batch_id, c.claimed_at, c.next_try_at, c.asked_at, c.http_status, c.status_code,
               sffdw.is_suspect(c.http_status, c.status_code) AS is_suspect
        FROM sffdw.write_claim c
        JOIN sffdw.connection n ON n.connection_id = c.connection_id
        WHERE c.connection_id = awaits_org.connection_id
        AND c.phase IN ('waiting', 'doubtful')
        -- Others that were accepted since show that the org is there; what failed alone is soon in doubt itself.
        AND (sffdw.throttles(c.status_code)
             OR c.failure_count = 0
             AND coalesce(n.accepted_at < c.claimed_at, true)
             AND NOT (c.attempt_count > 3
                      AND sffdw.is_suspect(c.http_status, c.status_code)
                      AND c.claimed_at < clock_timestamp() - interval '1 minute'))
    )
    SELECT coalesce(bool_or(f.next_try_at > clock_timestamp() AND CASE f.phase
                        WHEN 'waiting' THEN sffdw.concerns_org(f.http_status, f.status_code)
                        ELSE f.is_suspect AND f.asked_at IS NULL END), false)
           -- Others are sent after a second, and after twice as long with each batch that fails too.
           OR coalesce(max(f.claimed_at) FILTER (WHERE f.phase = 'doubtful' AND f.is_suspect)
                       + interval '1 second' * least(15, power(2, least(10, count(DISTINCT f.batch_id) FILTER (
                             WHERE f.phase = 'doubtful' AND f.is_suspect) - 1)))
                       > clock_timestamp(), false)
    FROM failed f;
$function$;

COMMENT ON FUNCTION sffdw.awaits_org(integer) IS
    'Whether entries await their next try because the org was out of reach, or have just been answered by an error of '
    'its servers: no others are sent for that long, up to 15 seconds, unless the org has accepted others since.';

CREATE FUNCTION sffdw.review_unsent(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_began_at timestamptz := clock_timestamp();
BEGIN
    -- What is chosen is judged once more: a pause lets nothing out.
    IF sffdw.may_look(connection.connection_id, 'hold') THEN
        PERFORM sffdw.hold_writes(connection);
        PERFORM sffdw.note_look(connection.connection_id, 'hold', v_began_at);
    END IF;
    v_began_at := clock_timestamp();
    IF sffdw.may_look(connection.connection_id, 'merge') AND sffdw.merge_entries(connection) = 0 THEN
        PERFORM sffdw.note_look(connection.connection_id, 'merge', v_began_at);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.review_unsent(sffdw.connection) IS
    'Before entries are chosen: hold implausibly many, and merge those of the same records.';

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
    PERFORM sffdw.review_unsent(v_connection);
    v_ids := sffdw.divert_resent(v_connection, sffdw.take_entries(v_connection));
    PERFORM sffdw.show_writing(v_connection, v_ids IS NOT NULL);
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO sffdw.write_claim AS c (
        connection_id, entry_id, phase, batch_id, batch_position, claimant_pid, claimant_start, attempt_count)
    SELECT v_connection.connection_id, e.id, 'claimed', v_batch_id, e.place, a.pid, a.backend_start, 1
    FROM unnest(v_ids) WITH ORDINALITY e (id, place)
    CROSS JOIN (SELECT p.pid, p.backend_start FROM pg_stat_activity p WHERE p.pid = pg_backend_pid()) a
    ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
    SET phase = excluded.phase,
        batch_id = excluded.batch_id,
        batch_position = excluded.batch_position,
        claimant_pid = excluded.claimant_pid,
        claimant_start = excluded.claimant_start,
        claimed_at = clock_timestamp(),
        doubtful_at = NULL,
        attempt_count = c.attempt_count + 1,
        next_try_at = NULL,
        asked_at = NULL,
        is_rejected = false,
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
