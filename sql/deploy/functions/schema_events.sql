-- Deploy sffdw:functions/schema_events to pg
-- requires: functions/log_event
-- requires: functions/notify
-- requires: tables/mapping_field
-- requires: tables/schema_event

BEGIN;

CREATE FUNCTION sffdw.is_schema_alarm(kind text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT kind IN ('field_removed', 'field_renamed', 'field_required', 'field_read_only', 'length_decreased',
                    'type_changed', 'identifier_changed', 'object_renamed', 'object_removed');
$function$;

COMMENT ON FUNCTION sffdw.is_schema_alarm(text) IS 'Whether a person should know of a schema change of this kind.';

CREATE FUNCTION sffdw.is_mapped(mapping_id integer, field_name text)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = is_mapped.mapping_id
        AND lower(f.field_name) = lower(is_mapped.field_name)
    );
$function$;

COMMENT ON FUNCTION sffdw.is_mapped(integer, text) IS 'Whether a mapping has the field.';

CREATE FUNCTION sffdw.tell_schema_event(event_id bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_event   sffdw.schema_event;
    v_message text;
    v_alarm   boolean;
BEGIN
    SELECT e.* INTO STRICT v_event FROM sffdw.schema_event e WHERE e.event_id = tell_schema_event.event_id;
    v_alarm := v_event.retry_at IS NOT NULL
        OR sffdw.is_schema_alarm(v_event.kind)
           AND (v_event.field_name IS NULL OR v_event.kind = 'field_required'
                OR sffdw.is_mapped(v_event.mapping_id, v_event.field_name));
    v_message := format(
        '%s: %s%s: %s', concat_ws('.', v_event.object_name, v_event.field_name), replace(v_event.kind, '_', ' '),
        CASE
            WHEN v_event.old_value IS NULL AND v_event.new_value IS NULL THEN ''
            ELSE format(' (%s)', concat_ws(' to ', v_event.old_value, v_event.new_value))
        END, v_event.action);
    PERFORM sffdw.log_event(v_event.connection_id, 'SCHEMA CHANGED', v_message,
                            CASE WHEN v_alarm THEN 'WARNING' ELSE 'INFO' END, v_event.object_name);
    IF v_alarm THEN
        PERFORM sffdw.notify(v_event.connection_id, 'schema-change', v_message);
    END IF;
    PERFORM pg_notify('sffdw.schema_event', event_id::text);
END
$function$;

COMMENT ON FUNCTION sffdw.tell_schema_event(bigint) IS
    'Tell of a schema change, once: in the log, on channel sffdw.schema_event and, where a person should know or '
    'something hinders what is to be done, as a notification.';

CREATE FUNCTION sffdw.add_schema_event(
    mapping    sffdw.mapping,
    field_name text,
    kind       text,
    old_value  text DEFAULT NULL,
    new_value  text DEFAULT NULL,
    action     text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO sffdw.schema_event (
        connection_id, mapping_id, object_name, field_name, kind, old_value, new_value, action, retry_at)
    VALUES (mapping.connection_id, mapping.mapping_id, mapping.object_name, field_name, kind, old_value, new_value,
            action, CASE WHEN action IS NULL THEN timestamptz '-infinity' END)
    RETURNING event_id INTO v_id;
    IF action IS NOT NULL THEN
        PERFORM sffdw.tell_schema_event(v_id);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.add_schema_event(sffdw.mapping, text, text, text, text, text) IS
    'Note a schema change: with the action that was taken, or without one for carry_out_events to take it.';

CREATE FUNCTION sffdw.column_dependents(relation regclass, column_name name)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(DISTINCT coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0),
                                        pg_describe_object(d.classid, d.objid, 0)), ', ')
    FROM pg_attribute a
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE a.attrelid = relation
    AND a.attname = column_name
    AND d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass,
                      'pg_attrdef'::regclass);
$function$;

COMMENT ON FUNCTION sffdw.column_dependents(regclass, name) IS
    'Return in words the views, triggers, policies, functions and generated columns that a column cannot be changed '
    'under; NULL: none.';

COMMIT;
