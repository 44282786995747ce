-- Deploy sffdw:functions/changes_step to pg
-- requires: functions/log_event
-- requires: functions/start_run
-- requires: functions/sync_setting
-- requires: tables/change_notice
-- requires: tables/change_stream

BEGIN;

CREATE TYPE sffdw.change_event AS (
    object_name text,
    is_delete   boolean,
    record_ids  text[]
);

COMMENT ON TYPE sffdw.change_event IS 'What a change event says: which records of which object.';

CREATE FUNCTION sffdw.read_change_events(
    connection    sffdw.connection,
    replay_id     bigint,
    wait_s        double precision,
    OUT last_id   bigint,
    OUT is_opened boolean,
    OUT events    sffdw.change_event[]
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        WITH found AS MATERIALIZED (
            SELECT e.event, e.event #> '{payload,ChangeEventHeader}' AS header,
                   (e.event #>> '{event,replayId}')::bigint AS replay_id
            FROM %I._changes e
            WHERE e.channel = '/data/ChangeEvents'
            AND e.replay_id = $1::text
            AND e.wait = $2::text
        )
        SELECT max(f.replay_id), coalesce(bool_or((f.event ->> 'subscribed')::boolean), false),
               coalesce(array_agg(ROW(
                   f.header ->> 'entityName',
                   f.header ->> 'changeType' IN ('DELETE', 'GAP_DELETE'),
                   array(SELECT jsonb_array_elements_text(f.header -> 'recordIds'))
               )::sffdw.change_event) FILTER (WHERE f.header IS NOT NULL), '{}')
        FROM found f
    $query$, connection.live_schema_name)
    INTO last_id, is_opened, events
    USING replay_id, wait_s;
END
$function$;

COMMENT ON FUNCTION sffdw.read_change_events(sffdw.connection, bigint, double precision) IS
    'Read the change events after a replay id: wait for some, but no longer than that. is_opened: the stream was '
    'opened for this, so that events may have been missed.';

CREATE FUNCTION sffdw.add_notices(connection sffdw.connection, events sffdw.change_event[])
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Added whatever is there already: a poll that is taking notices now may have opened its window before the change.
    INSERT INTO sffdw.change_notice (mapping_id, gone_ids)
    SELECT m.mapping_id, array(
        SELECT i
        FROM unnest(events) e
        CROSS JOIN LATERAL unnest(e.record_ids) i
        WHERE e.is_delete
        AND lower(e.object_name) = lower(m.object_name)
    )
    FROM sffdw.mapping m
    WHERE m.connection_id = connection.connection_id
    AND m.accelerated
    AND (events IS NULL OR lower(m.object_name) IN (SELECT lower(e.object_name) FROM unnest(events) e));
$function$;

COMMENT ON FUNCTION sffdw.add_notices(sffdw.connection, sffdw.change_event[]) IS
    'Have accelerated mappings polled soon: those that events tell of, or all for NULL.';

CREATE FUNCTION sffdw.follow_changes(connection sffdw.connection, wait_s double precision)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stream sffdw.change_stream;
    v_from   bigint;
    v_read   record;
BEGIN
    INSERT INTO sffdw.change_stream (connection_id)
    VALUES (connection.connection_id)
    ON CONFLICT DO NOTHING;
    SELECT s.* INTO STRICT v_stream FROM sffdw.change_stream s WHERE s.connection_id = connection.connection_id;
    -- Until the first event nobody knows a replay id: later followers then read whatever is kept, so that none of them
    -- must have everything polled because of what it may have missed.
    v_from := CASE WHEN v_stream.replay_id = -1 AND v_stream.subscribed_at IS NOT NULL THEN -2
                   ELSE v_stream.replay_id END;
    v_read := sffdw.read_change_events(connection, v_from, wait_s);
    IF v_read.is_opened OR cardinality(v_read.events) > 0 OR v_stream.last_error IS NOT NULL THEN
        UPDATE sffdw.change_stream s
        SET replay_id = coalesce(v_read.last_id, s.replay_id),
            subscribed_at = CASE WHEN v_read.is_opened THEN clock_timestamp() ELSE s.subscribed_at END,
            last_event_at = CASE WHEN cardinality(v_read.events) > 0 THEN clock_timestamp() ELSE s.last_event_at END,
            event_count = s.event_count + cardinality(v_read.events),
            last_error = NULL,
            next_try_at = NULL
        WHERE s.connection_id = connection.connection_id;
    END IF;
    IF v_read.is_opened AND v_from = -1 THEN
        -- Nobody listened until now.
        PERFORM sffdw.add_notices(connection, NULL);
    END IF;
    IF cardinality(v_read.events) > 0 THEN
        PERFORM sffdw.add_notices(connection, v_read.events);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.follow_changes(sffdw.connection, double precision) IS
    'Read the next change events, and have polled what they are about; replay id and polls commit together.';

CREATE FUNCTION sffdw.record_changes_error(connection_id integer, caught jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_text       text := concat_ws(': ', caught ->> 'message', nullif(caught ->> 'detail', ''));
    v_before     text;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c
    WHERE c.connection_id = record_changes_error.connection_id;
    INSERT INTO sffdw.change_stream (connection_id)
    VALUES (v_connection.connection_id)
    ON CONFLICT DO NOTHING;
    SELECT s.last_error INTO v_before FROM sffdw.change_stream s
    WHERE s.connection_id = v_connection.connection_id
    FOR NO KEY UPDATE;
    UPDATE sffdw.change_stream s
    SET replay_id = CASE caught ->> 'sqlstate' WHEN 'SF017' THEN -1 ELSE s.replay_id END,
        subscribed_at = CASE caught ->> 'sqlstate' WHEN 'SF017' THEN NULL ELSE s.subscribed_at END,
        last_error = v_text,
        next_try_at = clock_timestamp() + CASE
            WHEN caught ->> 'sqlstate' = 'SF017' THEN interval '0'
            WHEN v_before IS NULL THEN interval '1 second'
            ELSE interval '15 seconds'
        END
    WHERE s.connection_id = v_connection.connection_id;
    IF v_text IS DISTINCT FROM v_before THEN
        PERFORM sffdw.log_event(v_connection.connection_id, 'EVENTS LOST', v_text, 'WARNING');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.record_changes_error(integer, jsonb) IS
    'Note why change events could not be read, once in the log, and when to try again. Events that Salesforce no '
    'longer has are given up: the stream is opened for new ones, and all accelerated mappings are polled.';

CREATE FUNCTION sffdw.may_follow(connection_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.connection c
        LEFT JOIN sffdw.change_stream s USING (connection_id)
        WHERE c.connection_id = may_follow.connection_id
        AND NOT c.paused_in
        AND c.state NOT IN ('RECOVERY', 'UNAUTHORIZED', 'INACTIVE_ORG')
        AND coalesce(s.next_try_at <= clock_timestamp(), true)
        AND EXISTS (SELECT FROM sffdw.mapping m WHERE m.connection_id = c.connection_id AND m.accelerated)
    );
$function$;

COMMENT ON FUNCTION sffdw.may_follow(integer) IS
    'Whether change events are to be read now: some mapping is accelerated, and nothing stands in the way.';

CREATE FUNCTION sffdw.changes_step(connection_id integer, deadline timestamptz, OUT is_on boolean, OUT caught jsonb)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_sqlstate   text;
    v_message    text;
    v_detail     text;
    v_hint       text;
BEGIN
    IF NOT sffdw.may_follow(connection_id) THEN
        SELECT r.is_on, r.caught INTO is_on, caught FROM sffdw.rest_until(deadline, 1.0) r;
        RETURN;
    END IF;
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = changes_step.connection_id;
    -- No statement may hold back the cleaning up of dead rows for long.
    PERFORM sffdw.follow_changes(v_connection, round(greatest(least(
        coalesce(extract(epoch FROM deadline - clock_timestamp()), 0), 4.5), 0), 2));
    is_on := coalesce(clock_timestamp() < deadline, false);
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                            v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    caught := jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail, 'hint', v_hint);
    is_on := v_sqlstate <> '57014' AND coalesce(clock_timestamp() < deadline, false);
    IF v_sqlstate <> '57014' THEN
        PERFORM sffdw.record_changes_error(connection_id, caught);
        -- In a loop the error is the stream's state.
        IF is_on THEN
            caught := NULL;
        END IF;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.changes_step(integer, timestamptz) IS
    'Make one step of following change events, to be committed by the caller: wait for events, at most 4.5 seconds. '
    'Errors do not leave it: they are returned, and noted.';

COMMIT;
