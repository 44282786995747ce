-- Deploy sffdw:functions/judge_failures to pg
-- requires: functions/claim_entries
-- requires: functions/log_event
-- requires: functions/notify

BEGIN;

CREATE FUNCTION sffdw.retry_pause(attempt_count integer)
RETURNS interval
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT interval '1 second' * least(power(2, least(attempt_count, 10) - 1), 300);
$function$;

COMMENT ON FUNCTION sffdw.retry_pause(integer) IS
    'Return how long an entry waits after so many attempts: twice as long each time, five minutes at most.';

CREATE FUNCTION sffdw.note_accepted(connection_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.connection c
    SET accepted_at = clock_timestamp()
    WHERE c.connection_id = note_accepted.connection_id;
$function$;

COMMENT ON FUNCTION sffdw.note_accepted(integer) IS
    'Note that Salesforce has judged changes, well or ill: it is there.';

CREATE FUNCTION sffdw.give_up_suspects(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_accepted_at timestamptz;
    v_ids         integer[];
BEGIN
    SELECT c.accepted_at INTO v_accepted_at FROM sffdw.connection c WHERE c.connection_id = connection.connection_id;
    -- What fails while the org is out of reach says nothing of the record. A try counts once, however often it is asked
    -- about.
    UPDATE sffdw.write_claim c
    SET failure_count = c.failure_count + 1
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (entry_ids)
    AND c.phase = 'waiting'
    AND sffdw.is_suspect(c.http_status, c.status_code)
    AND c.failure_count < c.attempt_count
    AND v_accepted_at >= c.claimed_at - sffdw.retry_pause(c.attempt_count - 1);
    WITH given_up AS (
        UPDATE sffdw.write_claim c
        SET phase = 'answered', final_state = 'FAILED', next_try_at = NULL
        WHERE c.connection_id = connection.connection_id
        AND c.entry_id = ANY (entry_ids)
        AND c.phase = 'waiting'
        AND sffdw.is_suspect(c.http_status, c.status_code)
        AND c.failure_count >= sffdw.sync_setting(connection.options, 'row_lock_attempts')
        AND sffdw.request_size(c.attempt_count, c.status_code, true) = 1
        RETURNING c.entry_id
    )
    SELECT array_agg(g.entry_id) INTO v_ids FROM given_up g;
    IF v_ids IS NOT NULL THEN
        EXECUTE format('UPDATE %I._trigger_log l SET state = ''PENDING'' WHERE l.id = ANY ($1) AND l.state = ''NEW''',
                       connection.schema_name)
        USING v_ids;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.give_up_suspects(sffdw.connection, integer[]) IS
    'Count the failures of Salesforce''s servers at entries while others were accepted; what has gone alone and failed '
    'so often is FAILED.';

CREATE FUNCTION sffdw.tell_delay(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_delay record;
BEGIN
    FOR v_delay IN
        SELECT coalesce(c.status_code, '') AS status_code, min(c.message) AS message,
               count(*) FILTER (WHERE c.attempt_count = 3) AS new_count
        FROM sffdw.write_claim c
        WHERE c.connection_id = connection.connection_id
        AND c.entry_id = ANY (entry_ids)
        AND c.phase = 'waiting'
        AND c.attempt_count >= 3
        AND sffdw.concerns_org(c.http_status, c.status_code)
        -- These are told of as what throttles the connection.
        AND NOT sffdw.throttles(c.status_code)
        GROUP BY coalesce(c.status_code, '')
    LOOP
        UPDATE sffdw.connection c
        SET last_error = v_delay.message, last_error_at = clock_timestamp()
        WHERE c.connection_id = connection.connection_id
        AND c.state <> 'RECOVERY';
        CONTINUE WHEN v_delay.new_count = 0;
        PERFORM sffdw.log_event(connection.connection_id, 'WRITE DELAYED', v_delay.message, 'WARNING',
                                row_count => v_delay.new_count);
        PERFORM sffdw.notify_count(
            connection.connection_id, 'write-delayed', v_delay.status_code, v_delay.new_count,
            '%s ' || replace(format('changes wait, after three attempts: %s', v_delay.message), '%', '%%'));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.tell_delay(sffdw.connection, integer[]) IS
    'Tell of entries that the org, not the record, has kept from being sent three times: in last_error, the log and one '
    'notification a code.';

CREATE FUNCTION sffdw.judge_failures(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF entry_ids <> '{}' THEN
        PERFORM sffdw.give_up_suspects(connection, entry_ids);
        PERFORM sffdw.tell_delay(connection, entry_ids);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_failures(sffdw.connection, integer[]) IS
    'Say what becomes of entries that are to be sent again: told of, or given up.';

COMMIT;
