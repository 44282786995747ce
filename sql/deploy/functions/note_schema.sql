-- Deploy sffdw:functions/note_schema to pg
-- requires: functions/compare_fields
-- requires: functions/describe_config
-- requires: functions/follow_field
-- requires: functions/schema_events
-- requires: tables/mapping_schema

BEGIN;

CREATE TYPE sffdw.schema_answer AS (
    object_name text,
    is_found    boolean,
    digest      text,
    details     jsonb,
    fields      jsonb
);

COMMENT ON TYPE sffdw.schema_answer IS 'An object that changed or is gone: a row of _schema_changes.';

CREATE FUNCTION sffdw.note_fields(mapping sffdw.mapping, fields jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_renamed jsonb := (SELECT jsonb_object_agg(r.old_name, r.new_name) FROM sffdw.find_renamed(mapping, fields) r);
    v_row     record;
BEGIN
    FOR v_row IN SELECT c.* FROM sffdw.compare_fields(mapping, fields) c ORDER BY c.field_name LOOP
        CONTINUE WHEN v_row.kind = 'field_added'
            AND EXISTS (SELECT FROM jsonb_each_text(v_renamed) r WHERE r.value = v_row.field_name);
        IF v_row.kind = 'field_removed' AND v_renamed ? v_row.field_name THEN
            v_row.kind := 'field_renamed';
            v_row.old_value := v_row.field_name;
            v_row.new_value := v_renamed ->> v_row.field_name;
        END IF;
        PERFORM sffdw.add_schema_event(mapping, v_row.field_name, v_row.kind, v_row.old_value, v_row.new_value,
                                       sffdw.settled_action(v_row.kind));
    END LOOP;
    UPDATE sffdw.known_field k
    SET gone_at = coalesce(k.gone_at, clock_timestamp())
    WHERE k.mapping_id = mapping.mapping_id
    AND NOT fields ? lower(k.field_name);
    DELETE FROM sffdw.known_field k
    WHERE k.mapping_id = mapping.mapping_id
    AND EXISTS (
        SELECT
        FROM jsonb_each(fields) e
        WHERE e.key = lower(k.field_name)
        AND e.value ->> 'field_name' <> k.field_name);
    INSERT INTO sffdw.known_field AS k (mapping_id, field_name, described)
    SELECT mapping.mapping_id, e.value ->> 'field_name', e.value
    FROM jsonb_each(fields) e
    ON CONFLICT ON CONSTRAINT known_field_pkey DO UPDATE
    SET described = excluded.described, gone_at = NULL
    WHERE (k.described, k.gone_at) IS DISTINCT FROM (excluded.described, NULL::timestamptz);
    PERFORM sffdw.follow_flags(mapping, sffdw.described_fields_of(fields, mapping.types));
END
$function$;

COMMENT ON FUNCTION sffdw.note_fields(sffdw.mapping, jsonb) IS
    'Note as events how the fields of a mapping''s object, as _schema_changes gives them, differ from those known, and '
    'know them from now on.';

CREATE FUNCTION sffdw.settled_action(kind text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE kind
        WHEN 'field_required' THEN 'none: Salesforce will reject new records that lack it'
        WHEN 'field_read_only' THEN 'writes follow it'
        WHEN 'field_writable' THEN 'writes follow it'
        WHEN 'length_decreased' THEN 'none: the column keeps its length'
        WHEN 'identifier_changed' THEN 'none: inserts can no longer be upserted by it'
        WHEN 'precision_changed' THEN 'none: the column holds it'
        WHEN 'reference_changed' THEN 'none: the column holds it'
        WHEN 'picklist_changed' THEN 'none: the column holds any value'
    END;
$function$;

COMMENT ON FUNCTION sffdw.settled_action(text) IS
    'Return in words what is done about a schema change of this kind by noting it; NULL: more is to be done.';

CREATE FUNCTION sffdw.note_answer(mapping sffdw.mapping, answer sffdw.schema_answer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before sffdw.mapping_schema;
BEGIN
    SELECT s.* INTO v_before FROM sffdw.mapping_schema s WHERE s.mapping_id = mapping.mapping_id;
    INSERT INTO sffdw.mapping_schema (mapping_id, digest, key_prefix)
    VALUES (mapping.mapping_id, answer.digest, answer.details ->> 'key_prefix')
    ON CONFLICT ON CONSTRAINT mapping_schema_pkey DO UPDATE
    SET digest = excluded.digest, key_prefix = excluded.key_prefix, gone_at = NULL;
    UPDATE sffdw.mapping m
    SET replicateable = (answer.details -> 'replicateable')::boolean
    WHERE m.mapping_id = mapping.mapping_id
    AND m.replicateable IS DISTINCT FROM (answer.details -> 'replicateable')::boolean;
    IF v_before.gone_at IS NOT NULL THEN
        PERFORM sffdw.request_resync(mapping.mapping_id);
        PERFORM sffdw.add_schema_event(mapping, NULL, 'object_returned', action => 'all records are read once more');
    END IF;
    PERFORM sffdw.begin_known_fields(mapping, answer.fields);
    PERFORM sffdw.note_fields(mapping, answer.fields);
END
$function$;

COMMENT ON FUNCTION sffdw.note_answer(sffdw.mapping, sffdw.schema_answer) IS
    'Note what Salesforce now says of a mapping''s object.';

CREATE FUNCTION sffdw.find_by_prefix(connection sffdw.connection, mapping sffdw.mapping, key_prefix text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_name  text;
    v_ids   text;
    v_count bigint;
BEGIN
    EXECUTE format('SELECT o.object_name FROM %I._objects o WHERE o.key_prefix = $1', connection.live_schema_name)
    INTO v_name
    USING key_prefix;
    EXECUTE format('SELECT string_agg(quote_literal(t.sfid), '', '') FROM ('
                   'SELECT t.sfid FROM %s t WHERE t.sfid IS NOT NULL ORDER BY t.id DESC LIMIT 200) t',
                   sffdw.mapped_table(connection, mapping))
    INTO v_ids;
    IF v_name IS NULL OR v_ids IS NULL THEN
        RETURN v_name;
    END IF;
    -- A new object may have been given the prefix of a deleted one: the records must be there too.
    EXECUTE format('SELECT count(*) FROM %I._soql q WHERE q.query = $1 AND q.scope = ''all'' '
                   'AND q._purpose = ''describe'' AND q._mapping = $2', connection.live_schema_name)
    INTO v_count
    USING format('SELECT Id FROM %s WHERE Id IN (%s)', v_name, v_ids), mapping.mapping_id::text;
    RETURN CASE WHEN v_count > 0 THEN v_name END;
END
$function$;

COMMENT ON FUNCTION sffdw.find_by_prefix(sffdw.connection, sffdw.mapping, text) IS
    'Return the object that has a mapping''s records now, found by the key prefix of their Ids; NULL: none has.';

CREATE FUNCTION sffdw.note_gone(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema sffdw.mapping_schema;
    v_name   text;
    v_text   text := format('object "%s" does not exist in Salesforce any more', mapping.object_name);
BEGIN
    SELECT s.* INTO v_schema FROM sffdw.mapping_schema s WHERE s.mapping_id = mapping.mapping_id;
    IF v_schema.gone_at IS NULL AND v_schema.key_prefix IS NOT NULL THEN
        v_name := sffdw.find_by_prefix(connection, mapping, v_schema.key_prefix);
    END IF;
    IF v_name IS NOT NULL AND NOT EXISTS (
        SELECT FROM sffdw.mapping m WHERE m.connection_id = mapping.connection_id AND m.object_name = v_name
    ) THEN
        UPDATE sffdw.mapping m SET object_name = v_name WHERE m.mapping_id = mapping.mapping_id;
        EXECUTE format('ALTER FOREIGN TABLE %s OPTIONS (SET object %L)', sffdw.live_table(connection, mapping), v_name);
        PERFORM sffdw.mirror_config(mapping.connection_id);
        PERFORM sffdw.add_schema_event(mapping, NULL, 'object_renamed', mapping.object_name, v_name,
                                       'followed: the tables keep their names');
        RETURN v_name;
    ELSIF v_schema.gone_at IS NULL THEN
        INSERT INTO sffdw.mapping_schema (mapping_id, digest, gone_at)
        VALUES (mapping.mapping_id, '', clock_timestamp())
        ON CONFLICT ON CONSTRAINT mapping_schema_pkey DO UPDATE
        SET digest = '', gone_at = excluded.gone_at;
        UPDATE sffdw.mapping m
        SET state = 'BAD_CONFIG', state_description = v_text, last_error = v_text
        WHERE m.mapping_id = mapping.mapping_id;
        PERFORM sffdw.add_schema_event(mapping, NULL, 'object_removed',
                                       action => 'polls stop until it is back; the table and its rows are kept');
    END IF;
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.note_gone(sffdw.connection, sffdw.mapping) IS
    'Follow an object that Salesforce no longer knows by its name: return the new name of one that was renamed, found '
    'by the key prefix of its Ids; else note once that it is gone.';

COMMIT;
