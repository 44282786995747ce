-- Deploy sffdw:functions/make_request to pg
-- requires: functions/json_value
-- requires: functions/merge_columns

BEGIN;

CREATE TYPE sffdw.captured_change AS (
    entry_id   integer,
    action     text,
    table_name text,
    record_id  integer,
    sfid       text,
    "values"   text
);

COMMENT ON TYPE sffdw.captured_change IS 'An entry of the trigger log, as far as sending it needs.';

CREATE TYPE sffdw.write_request AS (
    entry_id          integer,
    mapping_id        integer,
    operation         text,
    object_name       text,
    external_id_field text,
    record            jsonb,
    final_state       text,
    status_code       text,
    message           text
);

COMMENT ON TYPE sffdw.write_request IS
    'What to send for an entry; or, where nothing is to be sent, the state that it gets, with code and message.';

CREATE FUNCTION sffdw.read_changes(connection sffdw.connection, entry_ids integer[])
RETURNS SETOF sffdw.captured_change
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT l.id, l.action::text, l.table_name::text, l.record_id, l.sfid::text, l."values"
        FROM %I._trigger_log l
        WHERE l.id = ANY ($1)
        ORDER BY l.id
    $query$, connection.schema_name)
    USING entry_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.read_changes(sffdw.connection, integer[]) IS 'Return entries of the trigger log.';

CREATE FUNCTION sffdw.find_sfid(connection sffdw.connection, mapping sffdw.mapping, change sffdw.captured_change)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sfid text := change.sfid;
BEGIN
    -- What was captured before the INSERT had its answer knows no sfid; the row or the INSERT's entry does now.
    IF v_sfid IS NULL THEN
        EXECUTE format('SELECT t.sfid FROM %s t WHERE t.id = $1', sffdw.mapped_table(connection, mapping))
        INTO v_sfid
        USING change.record_id;
    END IF;
    IF v_sfid IS NULL THEN
        EXECUTE format($query$
            SELECT l.sfid
            FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
            WHERE l.table_name = $1
            AND l.record_id = $2
            AND l.action = 'INSERT'
            AND l.state = 'SUCCESS'
            AND l.id < $3
            ORDER BY l.id DESC
            LIMIT 1
        $query$, connection.schema_name)
        INTO v_sfid
        USING change.table_name, change.record_id, change.entry_id;
    END IF;
    RETURN v_sfid;
END
$function$;

COMMENT ON FUNCTION sffdw.find_sfid(sffdw.connection, sffdw.mapping, sffdw.captured_change) IS
    'Return the Salesforce Id of the record that an entry changes; NULL: it is not known to be in Salesforce.';

CREATE FUNCTION sffdw.make_record(connection sffdw.connection, mapping sffdw.mapping, change sffdw.captured_change)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_record jsonb;
BEGIN
    EXECUTE format($query$
        SELECT jsonb_object_agg(split_part(f.field_name, '.', 1), CASE
            WHEN f.field_name NOT LIKE '%%.%%' THEN sffdw.json_value(v.value, f.sf_type)
            WHEN v.value IS NULL THEN 'null'
            ELSE jsonb_build_object(split_part(f.field_name, '.', 2), sffdw.json_value(v.value, f.sf_type))
        END)
        FROM %1$I.each($1::%1$I.hstore) v
        JOIN sffdw.mapping_field f ON f.mapping_id = $2 AND f.column_name = v.key
        WHERE f.field_name <> 'Id'
        AND CASE $3
            WHEN 'INSERT' THEN v.value IS NOT NULL AND (f.is_createable OR f.field_name = $4)
            ELSE f.is_updateable
        END
    $query$, connection.hstore_schema)
    INTO v_record
    USING change."values", mapping.mapping_id, change.action, mapping.unique_identifier;
    RETURN v_record;
END
$function$;

COMMENT ON FUNCTION sffdw.make_record(sffdw.connection, sffdw.mapping, sffdw.captured_change) IS
    'Return the fields that an entry sends, by API name: of an INSERT those with a value, of an UPDATE those that '
    'changed; NULL: none. Fields that may not be written are left out; a related record is named by its external id. Raises what json_value raises.';

CREATE FUNCTION sffdw.make_request(connection sffdw.connection, change sffdw.captured_change)
RETURNS sffdw.write_request
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request sffdw.write_request;
    v_mapping sffdw.mapping;
    v_sfid    text;
BEGIN
    v_request.entry_id := change.entry_id;
    SELECT m.*
    INTO v_mapping
    FROM sffdw.mapping m
    WHERE m.connection_id = connection.connection_id
    AND m.table_name = change.table_name;
    IF NOT FOUND THEN
        RETURN sffdw.decline(v_request, 'FAILED', 'NOT_MAPPED', format('table "%s" is not mapped', change.table_name));
    END IF;
    v_request.mapping_id := v_mapping.mapping_id;
    v_request.object_name := v_mapping.object_name;
    v_request.operation := lower(change.action);
    IF change.action = 'INSERT' THEN
        RETURN sffdw.complete_insert(connection, v_mapping, change, v_request);
    END IF;
    v_sfid := sffdw.find_sfid(connection, v_mapping, change);
    IF v_sfid IS NULL THEN
        RETURN sffdw.decline(v_request, 'FAILED', 'NOT_IN_SALESFORCE',
                             'the row has no sfid: its INSERT was not accepted by Salesforce');
    END IF;
    v_request.record := CASE change.action
        WHEN 'UPDATE' THEN sffdw.make_record(connection, v_mapping, change)
        ELSE '{}'
    END || jsonb_build_object('Id', v_sfid);
    IF v_request.record IS NULL THEN
        RETURN sffdw.decline(v_request, 'IGNORED', NULL, 'no field that may be written has changed');
    END IF;
    RETURN v_request;
EXCEPTION WHEN data_exception THEN
    RETURN sffdw.decline(v_request, 'FAILED', 'INVALID_VALUE', SQLERRM);
END
$function$;

COMMENT ON FUNCTION sffdw.make_request(sffdw.connection, sffdw.captured_change) IS
    'Return what is to be sent for an entry of the trigger log, or why nothing is.';

CREATE FUNCTION sffdw.decline(request sffdw.write_request, final_state text, status_code text, message text)
RETURNS sffdw.write_request
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    request.final_state := final_state;
    request.status_code := status_code;
    request.message := message;
    RETURN request;
END
$function$;

COMMENT ON FUNCTION sffdw.decline(sffdw.write_request, text, text, text) IS
    'Return the request as one that is not sent, with the reason.';

CREATE FUNCTION sffdw.find_created(connection sffdw.connection, mapping sffdw.mapping, change sffdw.captured_change)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sfid text;
BEGIN
    -- A record_id alone says nothing: sequences may have been reset.
    EXECUTE format($query$
        SELECT coalesce(
            (SELECT t.sfid FROM %1$s t WHERE t.id = $1),
            (SELECT l.sfid
             FROM %2$I._trigger_log_archive l
             WHERE l.record_id = $1
             AND l.table_name = $2
             AND l.action = 'INSERT'
             AND l.state = 'SUCCESS'
             AND l."values" = $3
             ORDER BY l.id DESC
             LIMIT 1))
    $query$, sffdw.mapped_table(connection, mapping), connection.schema_name)
    INTO v_sfid
    USING change.record_id, change.table_name, change."values";
    RETURN v_sfid;
END
$function$;

COMMENT ON FUNCTION sffdw.find_created(sffdw.connection, sffdw.mapping, sffdw.captured_change) IS
    'Return the Id of the record that an INSERT, captured or restored a second time, has already made: the row has it, '
    'or an archived entry of the same row and values. NULL: none is known.';

CREATE FUNCTION sffdw.complete_insert(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    change     sffdw.captured_change,
    request    sffdw.write_request
)
RETURNS sffdw.write_request
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sfid text;
BEGIN
    EXECUTE format('SELECT $1::%1$I.hstore OPERATOR(%1$I.->) ''sfid''', connection.hstore_schema)
    INTO v_sfid
    USING change."values";
    -- A row that carries an sfid, restored from a dump for instance, is in Salesforce: never a second record.
    IF v_sfid IS NOT NULL THEN
        RETURN sffdw.decline(request, 'IGNORED', NULL,
                             format('not sent as a new record: the row carries the sfid %s', v_sfid));
    END IF;
    request.record := coalesce(sffdw.make_record(connection, mapping, change), '{}');
    IF request.record ? mapping.unique_identifier THEN
        request.operation := 'upsert';
        request.external_id_field := mapping.unique_identifier;
        RETURN request;
    END IF;
    v_sfid := sffdw.find_created(connection, mapping, change);
    IF v_sfid IS NOT NULL THEN
        request.record := jsonb_build_object('Id', v_sfid);
        RETURN sffdw.decline(request, 'SUCCESS', NULL, 'not sent: an entry of the same row has made the record already');
    END IF;
    RETURN request;
END
$function$;

COMMENT ON FUNCTION sffdw.complete_insert(
    sffdw.connection, sffdw.mapping, sffdw.captured_change, sffdw.write_request) IS
    'Complete the request of an INSERT: an upsert where the mapping has a unique identifier and the row a value in it.';

COMMIT;
