-- Deploy sffdw:functions/check_schema to pg
-- requires: functions/follow_type
-- requires: functions/note_schema
-- requires: functions/sync_setting
-- requires: tables/schema_check

BEGIN;

CREATE FUNCTION sffdw.ask_schema(connection sffdw.connection, mapping_ids integer[], is_full boolean)
RETURNS sffdw.schema_answer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_known   jsonb;
    v_answers sffdw.schema_answer[];
BEGIN
    -- A field that is hidden may return without the object's being modified: null has the describe fetched.
    SELECT jsonb_object_agg(m.object_name, CASE WHEN is_full OR EXISTS (
        SELECT FROM sffdw.mapping_field f WHERE f.mapping_id = m.mapping_id AND f.left_out_since IS NOT NULL
    ) THEN NULL ELSE coalesce(s.digest, '') END)
    INTO v_known
    FROM sffdw.mapping m
    LEFT JOIN sffdw.mapping_schema s ON s.mapping_id = m.mapping_id
    WHERE m.mapping_id = ANY (mapping_ids);
    -- All at once: no savepoint may begin while a foreign table is read.
    EXECUTE format($query$
        SELECT array_agg(ROW(c.object_name, c.is_found, c.digest, c.details, c.fields)::sffdw.schema_answer)
        FROM %I._schema_changes c
        WHERE c.known = $1
    $query$, connection.live_schema_name)
    INTO v_answers
    USING v_known::text;
    RETURN v_answers;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_schema(sffdw.connection, integer[], boolean) IS
    'Ask Salesforce together what became of the objects of mappings. Return those that changed or are gone, or, if '
    'is_full, all.';

CREATE FUNCTION sffdw.take_answer(connection sffdw.connection, mapping_id integer, answer sffdw.schema_answer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
BEGIN
    PERFORM sffdw.lock_mapping(mapping_id);
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = take_answer.mapping_id;
    IF NOT answer.is_found AND sffdw.note_gone(connection, v_mapping) IS NOT NULL THEN
        SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = take_answer.mapping_id;
        answer := (sffdw.ask_schema(connection, ARRAY[mapping_id], true))[1];
    END IF;
    IF answer.is_found THEN
        PERFORM sffdw.note_answer(v_mapping, answer);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.take_answer(sffdw.connection, integer, sffdw.schema_answer) IS
    'Note what Salesforce says of the object of one mapping, under its new name if it was renamed. '
    'Raises lock_not_available.';

CREATE FUNCTION sffdw.carry_out(
    connection      sffdw.connection,
    mapping         sffdw.mapping,
    event           sffdw.schema_event,
    OUT action      text,
    OUT is_hindered boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_described sffdw.described_field;
BEGIN
    is_hindered := false;
    IF event.kind IN ('field_removed', 'field_renamed') THEN
        SELECT r.action, r.is_hindered
        INTO action, is_hindered
        FROM sffdw.follow_removed(connection, mapping, event.field_name) r;
        IF event.kind = 'field_renamed' THEN
            action := action || format('; if it was renamed: SELECT sffdw.alter_mapping(%L, rename_fields => %L)',
                                       mapping.object_name, jsonb_build_object(event.old_value, event.new_value));
        END IF;
    ELSE
        SELECT d.*
        INTO v_described
        FROM sffdw.known_field k
        CROSS JOIN unnest(sffdw.described_fields_of(jsonb_build_object('', k.described), mapping.types)) d
        WHERE k.mapping_id = mapping.mapping_id
        AND k.field_name = event.field_name
        AND k.gone_at IS NULL;
        action := CASE
            WHEN NOT FOUND THEN 'none: the field is gone'
            WHEN event.kind = 'field_added' THEN sffdw.follow_added(connection, mapping, v_described)
            WHEN event.kind = 'field_returned' THEN sffdw.follow_returned(connection, mapping, v_described)
            WHEN event.kind = 'length_increased' THEN sffdw.follow_length(connection, mapping, v_described)
            WHEN event.kind = 'type_changed' THEN sffdw.follow_type(connection, mapping, v_described)
        END;
        is_hindered := action LIKE 'waits%';
    END IF;
    IF mapping.schema_policy = 'pause' AND event.action IS NULL
    AND sffdw.is_mapped(mapping.mapping_id, event.field_name)
    AND event.kind IN ('field_removed', 'field_renamed', 'type_changed') THEN
        action := action || '; ' || sffdw.pause_mapping(mapping, event.field_name, replace(event.kind, '_', ' '));
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.carry_out(sffdw.connection, sffdw.mapping, sffdw.schema_event) IS
    'Do what a schema change asks for, by the mapping''s policy, and say what was done or what hinders it. Raises what '
    'ALTER TABLE raises.';

CREATE FUNCTION sffdw.carry_out_event(connection sffdw.connection, event sffdw.schema_event, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_mapping sffdw.mapping;
    v_action  text;
    v_retry   interval;
BEGIN
    BEGIN
        PERFORM sffdw.lock_mapping(event.mapping_id);
        SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = event.mapping_id;
        SELECT c.action, CASE WHEN c.is_hindered THEN interval '5 minutes' END
        INTO v_action, v_retry
        FROM sffdw.carry_out(connection, v_mapping, event) c;
    EXCEPTION
        WHEN lock_not_available THEN
            v_action := 'waits: the table is in use';
            v_retry := interval '30 seconds';
        WHEN OTHERS THEN
            v_action := format('waits: %s', SQLERRM);
            v_retry := interval '1 hour';
    END;
    UPDATE sffdw.schema_event e
    SET action = v_action, retry_at = due_at + v_retry
    WHERE e.event_id = event.event_id;
    IF event.action IS NULL THEN
        PERFORM sffdw.tell_schema_event(event.event_id);
    ELSIF v_retry IS NULL THEN
        PERFORM sffdw.log_event(
            event.connection_id, 'SCHEMA CHANGED',
            format('%s.%s: %s', event.object_name, event.field_name, v_action), object_name => event.object_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.carry_out_event(sffdw.connection, sffdw.schema_event, timestamptz) IS
    'Do what a schema change asks for; what hinders it is noted on the event, told once, and the event is tried again '
    'later.';

CREATE FUNCTION sffdw.carry_out_events(connection sffdw.connection, mapping_id integer, due_at timestamptz)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_events sffdw.schema_event[] := array(
        SELECT e
        FROM sffdw.schema_event e
        WHERE e.connection_id = connection.connection_id
        AND e.mapping_id = coalesce(carry_out_events.mapping_id, e.mapping_id)
        AND e.retry_at <= due_at
        ORDER BY e.event_id);
    v_event  sffdw.schema_event;
BEGIN
    FOREACH v_event IN ARRAY v_events LOOP
        PERFORM sffdw.carry_out_event(connection, v_event, due_at);
    END LOOP;
    RETURN cardinality(v_events);
END
$function$;

COMMENT ON FUNCTION sffdw.carry_out_events(sffdw.connection, integer, timestamptz) IS
    'Do what noted schema changes of a connection, or of one mapping, ask for and is due; return their number.';

CREATE FUNCTION sffdw.check_schema(connection sffdw.connection, mapping_ids integer[], is_full boolean)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_answer    sffdw.schema_answer;
    v_is_whole  boolean := true;
BEGIN
    FOREACH v_answer IN ARRAY coalesce(sffdw.ask_schema(connection, mapping_ids, is_full), '{}') LOOP
        BEGIN
            PERFORM sffdw.take_answer(connection, m.mapping_id, v_answer)
            FROM sffdw.mapping m
            WHERE m.connection_id = connection.connection_id
            AND m.object_name = v_answer.object_name;
        EXCEPTION WHEN lock_not_available THEN
            v_is_whole := false;
        END;
    END LOOP;
    RETURN v_is_whole;
END
$function$;

COMMENT ON FUNCTION sffdw.check_schema(sffdw.connection, integer[], boolean) IS
    'Ask Salesforce for the objects of mappings and note what changed. Return false if one was in use and is to be '
    'looked at again soon.';

COMMIT;
