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

CREATE FUNCTION sffdw.make_records(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    changes    sffdw.captured_change[]
)
RETURNS TABLE (entry_id integer, record jsonb)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT g.entry_id, jsonb_object_agg(split_part(f.field_name, '.', 1), CASE
            WHEN v.value IS NULL OR f.field_name LIKE '%%.%%' AND btrim(v.value) = '' THEN 'null'
            WHEN f.field_name NOT LIKE '%%.%%' THEN CASE
                -- Most are texts, for which a function call a value would cost more than all the rest.
                WHEN f.sf_type IN ('boolean', 'int', 'long', 'double', 'currency', 'percent', 'datetime', 'date', 'time')
                THEN sffdw.json_value(v.value, f.sf_type)
                ELSE to_jsonb(v.value)
            END
            ELSE jsonb_build_object(split_part(f.field_name, '.', 2), sffdw.json_value(v.value, f.sf_type))
        END)
        FROM unnest($1) g
        CROSS JOIN LATERAL %1$I.each(g."values"::%1$I.hstore) v
        JOIN sffdw.mapping_field f ON f.mapping_id = $2 AND f.column_name = v.key
        WHERE f.field_name <> 'Id'
        AND CASE g.action
            -- What is blank names no record.
            WHEN 'INSERT' THEN v.value IS NOT NULL AND (f.is_createable OR f.field_name = $3)
                AND NOT ((f.field_name = $3 OR f.field_name LIKE '%%.%%') AND btrim(v.value) = '')
            ELSE f.is_updateable
        END
        GROUP BY g.entry_id
    $query$, connection.hstore_schema)
    USING changes, mapping.mapping_id, mapping.unique_identifier;
END
$function$;

COMMENT ON FUNCTION sffdw.make_records(sffdw.connection, sffdw.mapping, sffdw.captured_change[]) IS
    'Return the fields that entries of a mapping send, by API name: of an INSERT those with a value, of an UPDATE those '
    'that changed; no row: none. Fields that may not be written are left out; a related record is named by its '
    'external id. Raises what json_value raises.';

CREATE FUNCTION sffdw.make_record(connection sffdw.connection, mapping sffdw.mapping, change sffdw.captured_change)
RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT r.record FROM sffdw.make_records(connection, mapping, ARRAY[change]) r;
$function$;

COMMENT ON FUNCTION sffdw.make_record(sffdw.connection, sffdw.mapping, sffdw.captured_change) IS
    'Return the fields that an entry sends; NULL: none. Raises what make_records raises.';

CREATE FUNCTION sffdw.find_sfids(connection sffdw.connection, mapping sffdw.mapping, changes sffdw.captured_change[])
RETURNS TABLE (entry_id integer, sfid text, carried text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
-- Changes and rows are as many as each other, which the planner does not know: it would join each with each.
SET enable_nestloop = 'off'
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
BEGIN
    -- What was captured before the INSERT had its answer knows no sfid; the row or the INSERT's entry does now. Of an
    -- INSERT that was captured or restored a second time the row knows it, or an archived entry of the same row and
    -- values, unless we have deleted it since; a record_id alone says nothing, because sequences may have been reset.
    -- Nobody asks about an INSERT that is sent as an upsert, or a change that knows its sfid.
    RETURN QUERY EXECUTE format($query$
        SELECT g.entry_id, CASE
                   WHEN g.sfid IS NOT NULL OR g.key IS NOT NULL THEN g.sfid
                   WHEN g.action = 'INSERT' THEN coalesce(t.sfid::text, (
                       SELECT l.sfid::text
                       FROM %1$I._trigger_log_archive l
                       WHERE l.record_id = g.record_id
                       AND l.table_name = g.table_name
                       AND l.action = 'INSERT'
                       AND l.state = 'SUCCESS'
                       AND l."values" = g."values"
                       AND l.sfid NOT IN (
                           SELECT d.sfid
                           FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) d
                           WHERE d.state = 'SUCCESS'
                           AND d.table_name = $3
                           AND d.action = 'DELETE'
                           AND d.sfid IS NOT NULL
                       )
                       ORDER BY l.id DESC
                       LIMIT 1
                   ))
                   ELSE coalesce(t.sfid::text, (
                       SELECT l.sfid::text
                       FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
                       WHERE l.table_name = g.table_name
                       AND l.record_id = g.record_id
                       AND l.action = 'INSERT'
                       AND l.state = 'SUCCESS'
                       AND l.id < g.entry_id
                       ORDER BY l.id DESC
                       LIMIT 1
                   ))
               END,
               CASE WHEN g.action = 'INSERT' THEN g."values"::%3$I.hstore OPERATOR(%3$I.->) 'sfid' END
        FROM (
            SELECT g.entry_id, g.action, g.table_name, g.record_id, g."values",
                   CASE WHEN g.action <> 'INSERT' THEN g.sfid END AS sfid,
                   CASE WHEN g.action = 'INSERT'
                        THEN nullif(btrim(g."values"::%3$I.hstore OPERATOR(%3$I.->) $2), '') END AS key
            FROM unnest($1) g
        ) g
        LEFT JOIN (SELECT t.id, t.sfid FROM %2$s t WHERE t.id = ANY ($4)) t ON t.id = g.record_id
    $query$, connection.schema_name,
        CASE WHEN to_regclass(v_table) IS NULL THEN '(SELECT NULL::integer AS id, NULL::text AS sfid WHERE false)'
             ELSE v_table END,
        connection.hstore_schema)
    USING changes, (SELECT f.column_name
                    FROM sffdw.mapping_field f
                    WHERE f.mapping_id = mapping.mapping_id
                    AND f.field_name = mapping.unique_identifier), mapping.table_name::text,
        ARRAY(SELECT g.record_id FROM unnest(changes) g WHERE g.action = 'INSERT' OR g.sfid IS NULL);
END
$function$;

COMMENT ON FUNCTION sffdw.find_sfids(sffdw.connection, sffdw.mapping, sffdw.captured_change[]) IS
    'Return the Salesforce Ids of the records that entries of a mapping change, or that INSERTs, captured or restored a '
    'second time, have already made; NULL: it is not known to be in Salesforce. carried: the sfid that an INSERT''s row '
    'had from the beginning.';

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

CREATE FUNCTION sffdw.complete_request(
    action            text,
    entry_id          integer,
    sfid              text,
    carried           text,
    record            jsonb,
    unique_identifier text
)
RETURNS sffdw.write_request
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request sffdw.write_request;
BEGIN
    v_request.entry_id := entry_id;
    v_request.operation := lower(action);
    v_request.record := CASE WHEN action = 'UPDATE' THEN record ELSE coalesce(record, '{}') END;
    IF action = 'INSERT' THEN
        -- A row that carries an sfid, restored from a dump for instance, is in Salesforce: never a second record.
        IF carried IS NOT NULL THEN
            RETURN sffdw.decline(v_request, 'IGNORED', NULL,
                                 format('not sent as a new record: the row carries the sfid %s', carried));
        ELSIF v_request.record ? unique_identifier THEN
            v_request.operation := 'upsert';
            v_request.external_id_field := unique_identifier;
        ELSIF sfid IS NOT NULL THEN
            v_request.record := jsonb_build_object('Id', sfid);
            RETURN sffdw.decline(v_request, 'SUCCESS', NULL,
                                 'not sent: an entry of the same row has made the record already');
        END IF;
    ELSIF sfid IS NULL THEN
        RETURN sffdw.decline(v_request, 'FAILED', 'NOT_IN_SALESFORCE',
                             'the row has no sfid: its INSERT was not accepted by Salesforce');
    ELSIF v_request.record IS NULL THEN
        RETURN sffdw.decline(v_request, 'IGNORED', NULL, 'no field that may be written has changed');
    ELSE
        v_request.record := CASE action WHEN 'DELETE' THEN '{}' ELSE v_request.record END
                            || jsonb_build_object('Id', sfid);
    END IF;
    RETURN v_request;
END
$function$;

COMMENT ON FUNCTION sffdw.complete_request(text, integer, text, text, jsonb, text) IS
    'Return the request of an entry whose record and Ids are known: an INSERT is an upsert where the mapping has a '
    'unique identifier and the row a value in it.';

CREATE FUNCTION sffdw.make_requests(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    changes    sffdw.captured_change[]
)
RETURNS SETOF sffdw.write_request
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT g.entry_id, mapping.mapping_id, q.operation, mapping.object_name, q.external_id_field, q.record,
           q.final_state, q.status_code, q.message
    FROM unnest(changes) g
    LEFT JOIN sffdw.find_sfids(connection, mapping, changes) s ON s.entry_id = g.entry_id
    LEFT JOIN sffdw.make_records(connection, mapping, changes) r ON r.entry_id = g.entry_id
    CROSS JOIN LATERAL sffdw.complete_request(g.action, g.entry_id, s.sfid, s.carried, r.record,
                                              mapping.unique_identifier) q;
$function$;

COMMENT ON FUNCTION sffdw.make_requests(sffdw.connection, sffdw.mapping, sffdw.captured_change[]) IS
    'Return what is to be sent for entries of a mapping, or why nothing is. Raises what make_records raises.';

CREATE FUNCTION sffdw.make_request(connection sffdw.connection, change sffdw.captured_change)
RETURNS sffdw.write_request
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request sffdw.write_request;
    v_mapping sffdw.mapping;
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
    SELECT r.* INTO v_request FROM sffdw.make_requests(connection, v_mapping, ARRAY[change]) r;
    RETURN v_request;
EXCEPTION WHEN data_exception THEN
    RETURN sffdw.decline(v_request, 'FAILED', 'INVALID_VALUE', SQLERRM);
END
$function$;

COMMENT ON FUNCTION sffdw.make_request(sffdw.connection, sffdw.captured_change) IS
    'Return what is to be sent for an entry of the trigger log, or why nothing is.';

CREATE FUNCTION sffdw.make_all_requests(connection sffdw.connection, changes sffdw.captured_change[])
RETURNS SETOF sffdw.write_request
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table   record;
    v_mapping sffdw.mapping;
BEGIN
    FOR v_table IN
        SELECT g.table_name, array_agg(g) AS changes FROM unnest(changes) g GROUP BY g.table_name
    LOOP
        SELECT m.*
        INTO v_mapping
        FROM sffdw.mapping m
        WHERE m.connection_id = connection.connection_id
        AND m.table_name = v_table.table_name;
        IF FOUND THEN
            BEGIN
                RETURN QUERY SELECT r.* FROM sffdw.make_requests(connection, v_mapping, v_table.changes) r;
                CONTINUE;
            EXCEPTION WHEN data_exception THEN
                -- A value that cannot be sent fails its own entry only.
                NULL;
            END;
        END IF;
        RETURN QUERY
        SELECT r.* FROM unnest(v_table.changes) g CROSS JOIN LATERAL sffdw.make_request(connection, g) r;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.make_all_requests(sffdw.connection, sffdw.captured_change[]) IS
    'Return what is to be sent for entries of the trigger log, table by table, or why nothing is.';

COMMIT;
