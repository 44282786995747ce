-- Deploy sffdw:functions/schema_step to pg
-- requires: functions/caught_error
-- requires: functions/check_schema
-- requires: functions/require_owner

BEGIN;

CREATE FUNCTION sffdw.is_schema_due(connection_id integer, due_at timestamptz)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.connection c
        JOIN sffdw.mapping m USING (connection_id)
        LEFT JOIN sffdw.schema_check k USING (connection_id)
        WHERE c.connection_id = is_schema_due.connection_id
        AND NOT c.paused_in
        AND coalesce(c.throttled_until <= clock_timestamp(), true)
        AND coalesce(k.next_at <= due_at, true)
    )
    OR EXISTS (
        SELECT
        FROM sffdw.schema_event e
        WHERE e.connection_id = is_schema_due.connection_id
        AND e.retry_at <= due_at
    );
$function$;

COMMENT ON FUNCTION sffdw.is_schema_due(integer, timestamptz) IS
    'Whether it is time to ask Salesforce for changes of its schema, or to do what an earlier one asked for.';

CREATE FUNCTION sffdw.retry_refused_fields(connection_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
    v_known   sffdw.known_field;
BEGIN
    -- Describe has them, a query did not: they are tried again, and told of if no query refused them meanwhile.
    FOR v_known IN
        SELECT k.*
        FROM sffdw.mapping m
        JOIN sffdw.known_field k USING (mapping_id)
        WHERE m.connection_id = retry_refused_fields.connection_id
        AND k.refused_at IS NOT NULL
        AND k.gone_at IS NULL
    LOOP
        UPDATE sffdw.mapping_field f
        SET left_out_since = NULL
        WHERE f.mapping_id = v_known.mapping_id
        AND f.field_name = v_known.field_name
        AND f.left_out_since IS NOT NULL;
        IF NOT FOUND THEN
            UPDATE sffdw.known_field k
            SET refused_at = NULL
            WHERE k.mapping_id = v_known.mapping_id
            AND k.field_name = v_known.field_name;
            SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = v_known.mapping_id;
            PERFORM sffdw.add_schema_event(v_mapping, v_known.field_name, 'field_returned', NULL,
                                           sffdw.describe_type(v_known.described));
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.retry_refused_fields(integer) IS
    'Take up again the fields that a query refused although describe has them.';

CREATE FUNCTION sffdw.run_schema_check(connection sffdw.connection, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_check    sffdw.schema_check;
    v_interval interval := make_interval(secs => sffdw.sync_setting(connection.options, 'schema_interval_s'));
    v_is_whole boolean;
BEGIN
    INSERT INTO sffdw.schema_check (connection_id)
    VALUES (connection.connection_id)
    ON CONFLICT DO NOTHING;
    SELECT k.*
    INTO v_check
    FROM sffdw.schema_check k
    WHERE k.connection_id = connection.connection_id
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    ELSIF v_check.next_at <= due_at THEN
        PERFORM sffdw.retry_refused_fields(connection.connection_id);
        v_is_whole := sffdw.check_schema(
            connection,
            array(SELECT m.mapping_id FROM sffdw.mapping m WHERE m.connection_id = connection.connection_id),
            v_check.full_at <= due_at);
        UPDATE sffdw.schema_check k
        SET next_at = due_at + CASE WHEN v_is_whole THEN v_interval ELSE least(v_interval, interval '30 seconds') END,
            full_at = CASE WHEN v_check.full_at BETWEEN due_at AND due_at + interval '1 day' THEN v_check.full_at
                      ELSE due_at + interval '1 day' END,
            error = NULL
        WHERE k.connection_id = connection.connection_id;
    END IF;
    PERFORM sffdw.carry_out_events(connection, NULL, due_at);
END
$function$;

COMMENT ON FUNCTION sffdw.run_schema_check(sffdw.connection, timestamptz) IS
    'Ask Salesforce for changes of its schema if that is due and no other session does, and do what they ask for.';

CREATE FUNCTION sffdw.hasten_schema_check(connection sffdw.connection, status_code text)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- At most once a minute, and never waiting for the poll that is at it.
    UPDATE sffdw.schema_check k
    SET next_at = '-infinity', full_at = '-infinity'
    WHERE k.connection_id IN (
        SELECT c.connection_id
        FROM sffdw.schema_check c
        WHERE c.connection_id = connection.connection_id
        AND c.next_at < clock_timestamp() - interval '1 minute'
            + make_interval(secs => sffdw.sync_setting(connection.options, 'schema_interval_s'))
        FOR UPDATE SKIP LOCKED)
    AND (status_code LIKE 'INVALID\_FIELD%' OR status_code = 'INVALID_TYPE');
$function$;

COMMENT ON FUNCTION sffdw.hasten_schema_check(sffdw.connection, text) IS
    'Have the next poll look at Salesforce''s schema if a change was rejected with a code that says it has changed.';

CREATE FUNCTION sffdw.record_schema_error(connection_id integer, error text, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before text;
BEGIN
    SELECT k.error INTO v_before FROM sffdw.schema_check k WHERE k.connection_id = record_schema_error.connection_id;
    INSERT INTO sffdw.schema_check AS k (connection_id, next_at, error)
    VALUES (connection_id, due_at + interval '1 minute', error)
    ON CONFLICT ON CONSTRAINT schema_check_pkey DO UPDATE
    SET next_at = excluded.next_at, error = excluded.error;
    IF v_before IS DISTINCT FROM error THEN
        PERFORM sffdw.log_event(connection_id, 'SCHEMA CHECK ERROR', error, 'WARNING');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.record_schema_error(integer, text, timestamptz) IS
    'Note what ended a look at Salesforce''s schema, which is repeated in a minute; logged when it is another error '
    'than last time.';

CREATE FUNCTION sffdw.schema_step(connection_id integer, at timestamptz)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_due_at     timestamptz := coalesce(at, clock_timestamp());
    v_connection sffdw.connection;
    v_message    text;
    v_detail     text;
BEGIN
    IF sffdw.is_schema_due(connection_id, v_due_at) THEN
        SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = schema_step.connection_id;
        PERFORM sffdw.run_schema_check(v_connection, v_due_at);
    END IF;
    RETURN NULL;
EXCEPTION
    WHEN query_canceled THEN
        RETURN jsonb_build_object('sqlstate', SQLSTATE, 'message', SQLERRM);
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
        -- The polls that follow meet the same trouble, and report it.
        PERFORM sffdw.record_schema_error(connection_id, concat_ws(': ', v_message, nullif(v_detail, '')), v_due_at);
        RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.schema_step(integer, timestamptz) IS
    'Look, in a poll''s pass, whether Salesforce''s schema has changed, if that is due, to be committed by the caller. '
    'Errors are noted, not raised; the one returned is a cancellation.';

CREATE FUNCTION sffdw.schema_state(mapping_id integer)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.object_name || ' ' || (
        SELECT string_agg(f.field_name, ' ' ORDER BY f.field_name)
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = m.mapping_id
        AND f.left_out_since IS NULL)
    FROM sffdw.mapping m
    WHERE m.mapping_id = schema_state.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.schema_state(integer) IS 'Return what a mapping asks Salesforce for: object and fields.';

CREATE FUNCTION sffdw.leave_out_paths(mapping sffdw.mapping, field_name text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_field sffdw.mapping_field;
BEGIN
    FOR v_field IN
        SELECT f.*
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND f.field_name LIKE '%.%'
        AND lower(split_part(f.field_name, '.', 2)) = lower(leave_out_paths.field_name)
        AND f.left_out_since IS NULL
    LOOP
        PERFORM sffdw.leave_out(mapping, v_field.field_name);
        PERFORM sffdw.add_schema_event(
            mapping, v_field.field_name, 'field_removed', v_field.sf_type, NULL,
            'left out of queries and writes, values kept; drop it from the mapping, or drop and add it once it is back');
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.leave_out_paths(sffdw.mapping, text) IS
    'Leave out the columns that hold this external id of related records, since their object has it no longer.';

CREATE FUNCTION sffdw.leave_out_refused(mapping sffdw.mapping, field_name text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_known sffdw.known_field;
BEGIN
    SELECT k.*
    INTO v_known
    FROM sffdw.known_field k
    JOIN sffdw.mapping_field f ON f.mapping_id = k.mapping_id AND f.field_name = k.field_name
    WHERE k.mapping_id = mapping.mapping_id
    AND lower(k.field_name) = lower(leave_out_refused.field_name)
    AND k.gone_at IS NULL
    AND f.left_out_since IS NULL;
    IF NOT FOUND THEN
        RETURN;
    ELSIF v_known.refused_at IS NULL THEN
        PERFORM sffdw.add_schema_event(
            mapping, v_known.field_name, 'field_removed', sffdw.describe_type(v_known.described), NULL,
            'left out of queries and writes, values kept; describe still has it, it is tried again');
    END IF;
    PERFORM sffdw.leave_out(mapping, v_known.field_name);
    UPDATE sffdw.known_field k
    SET refused_at = clock_timestamp()
    WHERE k.mapping_id = mapping.mapping_id
    AND k.field_name = v_known.field_name;
END
$function$;

COMMENT ON FUNCTION sffdw.leave_out_refused(sffdw.mapping, text) IS
    'Leave a mapped field out that a query refused although describe has it; told of once.';

CREATE FUNCTION sffdw.follow_refusal(mapping_id integer, message text, due_at timestamptz)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_mapping    sffdw.mapping;
    v_before     text := sffdw.schema_state(mapping_id);
    v_refused    text[];
BEGIN
    PERFORM sffdw.lock_mapping(mapping_id);
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = follow_refusal.mapping_id;
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = v_mapping.connection_id;
    PERFORM sffdw.check_schema(v_connection, ARRAY[mapping_id], true);
    PERFORM sffdw.carry_out_events(v_connection, mapping_id, due_at);
    IF sffdw.schema_state(mapping_id) = v_before THEN
        v_refused := regexp_match(message, 'object "([^"]+)" has no field "([^"]+)"');
        IF lower(v_refused[1]) = lower(v_mapping.object_name) THEN
            PERFORM sffdw.leave_out_refused(v_mapping, v_refused[2]);
        ELSE
            PERFORM sffdw.leave_out_paths(v_mapping, v_refused[2]);
        END IF;
    END IF;
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = follow_refusal.mapping_id;
    RETURN CASE
        WHEN v_mapping.state = 'SCHEMA_CHANGED' THEN 'done'
        WHEN sffdw.schema_state(mapping_id) <> v_before THEN 'more'
    END;
EXCEPTION WHEN OTHERS THEN
    PERFORM sffdw.log_event(m.connection_id, 'SCHEMA CHECK ERROR', SQLERRM, 'WARNING', m.object_name)
    FROM sffdw.mapping m
    WHERE m.mapping_id = follow_refusal.mapping_id;
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.follow_refusal(integer, text, timestamptz) IS
    'Look at once what became of an object of which Salesforce refused to know a field, or the object itself, with '
    'that message. Return how the poll stands: more to do, where it was, without the field or under the new name; done, '
    'for the policy pauses the mapping; NULL if nothing could be followed.';

CREATE FUNCTION sffdw.refresh_schema(object_name text DEFAULT NULL, connection_name text DEFAULT 'salesforce')
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_ids        integer[];
    v_event_id   bigint := coalesce((SELECT max(e.event_id) FROM sffdw.schema_event e), 0);
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_recovery(v_connection);
    IF object_name IS NOT NULL THEN
        v_ids := ARRAY[(sffdw.find_mapping(v_connection.connection_id, object_name)).mapping_id];
    ELSE
        v_ids := array(SELECT m.mapping_id FROM sffdw.mapping m WHERE m.connection_id = v_connection.connection_id);
    END IF;
    IF NOT sffdw.check_schema(v_connection, v_ids, true) THEN
        RAISE EXCEPTION 'a mapping is in use by a poll'
            USING ERRCODE = 'lock_not_available', HINT = 'Call again.';
    END IF;
    UPDATE sffdw.schema_event e
    SET retry_at = '-infinity'
    WHERE e.mapping_id = ANY (v_ids)
    AND e.retry_at IS NOT NULL;
    PERFORM sffdw.carry_out_events(v_connection, NULL, clock_timestamp());
    RETURN (
        SELECT count(*)
        FROM sffdw.schema_event e
        WHERE e.connection_id = v_connection.connection_id
        AND e.event_id > v_event_id);
END
$function$;

COMMENT ON FUNCTION sffdw.refresh_schema(text, text) IS
    'Ask Salesforce now whether the schema of one mapped object, or of all, has changed, follow what did and return '
    'the number of new rows of sffdw.schema_events. Raises insufficient_privilege, undefined_object, SF002, '
    'lock_not_available.';

COMMIT;
