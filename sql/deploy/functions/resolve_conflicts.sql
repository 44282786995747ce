-- Deploy sffdw:functions/resolve_conflicts to pg
-- requires: functions/log_event
-- requires: functions/make_request
-- requires: functions/note_conflicts
-- requires: functions/overtaken_columns
-- requires: functions/schema_step
-- requires: functions/settle_doubt
-- requires: functions/shared_value
-- requires: tables/row_restore

BEGIN;

CREATE FUNCTION sffdw.read_current(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[]
)
RETURNS SETOF sffdw.found_record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has_delete CONSTANT boolean := EXISTS (SELECT FROM unnest(requests) r WHERE r.operation = 'delete');
    v_columns    text;
BEGIN
    SELECT string_agg(format('l.%I', f.column_name), ', ')
    INTO v_columns
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = mapping.mapping_id
    AND sffdw.has_live_column(connection, mapping, f.column_name)
    AND (f.column_name = 'isdeleted'
         OR f.is_updateable AND (v_has_delete OR EXISTS (
             SELECT FROM unnest(requests) r WHERE r.record ? split_part(f.field_name, '.', 1))));
    RETURN QUERY EXECUTE format($query$
        SELECT l.id::text, to_jsonb((SELECT c FROM (SELECT %s) c))
        FROM %s l
        WHERE l._scope = 'all'
        AND l._purpose = 'settle'
        AND l._mapping = %L
        AND l.id IN (%s)
    $query$, v_columns, sffdw.live_table(connection, mapping), mapping.mapping_id::text, (
        SELECT string_agg(DISTINCT quote_literal(r.record ->> 'Id'), ', ') FROM unnest(requests) r));
END
$function$;

COMMENT ON FUNCTION sffdw.read_current(sffdw.connection, sffdw.mapping, sffdw.write_request[]) IS
    'Return the records that requests of one mapping are about to change, as Salesforce has them now, by column: what '
    'the requests write, of a record to be deleted all that can be written. One call.';

CREATE FUNCTION sffdw.field_conflicts(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[],
    records    jsonb
)
RETURNS SETOF sffdw.field_conflict
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What was captured again without its old values was decided by a person.
    RETURN QUERY EXECUTE format($query$
        WITH changed AS MATERIALIZED (
            SELECT (row_number() OVER ())::integer AS place, l.id, l.record_id, f.field_name, f.column_name, f.sf_type,
                   f.pg_type, CASE l.action WHEN 'UPDATE' THEN n.value END AS local_value,
                   c.content ->> n.key AS org_value, b.value AS base_value, o.value AS found
            FROM unnest($1) r
            JOIN %1$I._trigger_log l ON l.id = r.entry_id
            CROSS JOIN LATERAL (SELECT $3 -> (r.record ->> 'Id')) AS c (content)
            CROSS JOIN LATERAL %2$I.each(
                CASE l.action WHEN 'UPDATE' THEN l."values" ELSE l.old END::%2$I.hstore) n
            JOIN sffdw.mapping_field f ON f.mapping_id = $2 AND f.column_name = n.key AND f.is_updateable
            CROSS JOIN LATERAL (SELECT l.old::%2$I.hstore OPERATOR(%2$I.->) n.key) AS b (value)
            CROSS JOIN LATERAL (SELECT sffdw.shared_value(c.content -> n.key, f.sf_type, f.pg_type)) AS o (value)
            WHERE l.old IS NOT NULL
            AND c.content ? n.key
            AND o.value NOT IN (sffdw.logged_value(n.value, f.sf_type, f.pg_type),
                                sffdw.logged_value(b.value, f.sf_type, f.pg_type))
        ), past AS MATERIALIZED (
            SELECT p.place, p.value
            FROM sffdw.past_values($4, $5, (
                SELECT array_agg(ROW(c.place, c.record_id, c.id, c.column_name)::sffdw.past_change) FROM changed c
            ), clock_timestamp()) p
        )
        SELECT c.id, c.field_name, c.local_value, c.org_value, c.base_value
        FROM changed c
        WHERE NOT EXISTS (
            SELECT
            FROM past p
            WHERE p.place = c.place
            AND c.found = sffdw.logged_value(p.value, c.sf_type, c.pg_type)
        )
        ORDER BY c.id, c.field_name
    $query$, connection.schema_name, connection.hstore_schema)
    USING requests, mapping.mapping_id, records, connection, mapping.table_name::text;
END
$function$;

COMMENT ON FUNCTION sffdw.field_conflicts(sffdw.connection, sffdw.mapping, sffdw.write_request[], jsonb) IS
    'Return the fields of UPDATEs that Salesforce''s records, by Id and column, have at a value that is neither the one '
    'that the row had before nor the one that it has now, nor one of ours from before; of DELETEs all fields that are '
    'not what the row had.';

CREATE FUNCTION sffdw.record_conflict(conflicts sffdw.field_conflict[])
RETURNS sffdw.field_conflict
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ROW(min(c.entry_id), NULL, NULL, jsonb_object_agg(c.field_name, c.org_value)::text,
               jsonb_object_agg(c.field_name, c.base_value)::text)::sffdw.field_conflict
    FROM unnest(conflicts) c;
$function$;

COMMENT ON FUNCTION sffdw.record_conflict(sffdw.field_conflict[]) IS
    'Return the conflict of a whole record: the fields that Salesforce changed of a row that was deleted here.';

CREATE FUNCTION sffdw.ask_restore(mapping_id integer, entry_id integer, sfid text, schema_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO sffdw.row_restore AS r (mapping_id, entry_id, action, record_id, sfid)
        SELECT $1, l.id, l.action, l.record_id, $3
        FROM %I._trigger_log l
        WHERE l.id = $2
        ON CONFLICT ON CONSTRAINT row_restore_pkey DO UPDATE
        SET asked_at = clock_timestamp(), next_try_at = NULL, done_at = NULL
    $query$, schema_name)
    USING mapping_id, entry_id, sfid;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_restore(integer, integer, text, name) IS
    'Have the row of an entry take Salesforce''s values when the entry is settled.';

CREATE FUNCTION sffdw.apply_policy(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    request    sffdw.write_request,
    conflicts  sffdw.field_conflict[]
)
RETURNS sffdw.write_request
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sfid     CONSTANT text := request.record ->> 'Id';
    v_is_lost  CONSTANT boolean := mapping.conflict_policy = 'salesforce';
    v_conflict sffdw.field_conflict;
BEGIN
    IF request.operation = 'delete' THEN
        conflicts := ARRAY[sffdw.record_conflict(conflicts)];
    END IF;
    FOREACH v_conflict IN ARRAY conflicts LOOP
        PERFORM sffdw.note_conflict(
            mapping.mapping_id, v_sfid, v_conflict,
            CASE WHEN NOT v_is_lost THEN 'local kept: sent'
                 WHEN request.operation = 'delete' THEN 'Salesforce kept: not deleted'
                 ELSE 'Salesforce kept: not sent' END);
        IF v_is_lost AND v_conflict.field_name IS NOT NULL THEN
            request.record := request.record - split_part(v_conflict.field_name, '.', 1);
        END IF;
    END LOOP;
    IF v_is_lost THEN
        PERFORM sffdw.ask_restore(mapping.mapping_id, request.entry_id, v_sfid, connection.schema_name);
    END IF;
    IF v_is_lost AND (request.operation = 'delete' OR request.record - 'Id' = '{}') THEN
        RETURN sffdw.decline(request, 'IGNORED', NULL, 'conflict: Salesforce''s value kept');
    END IF;
    RETURN request;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_policy(
    sffdw.connection, sffdw.mapping, sffdw.write_request, sffdw.field_conflict[]) IS
    'Enter the conflicts of a request and return what is sent of it by the mapping''s conflict_policy: all, or what '
    'Salesforce has not changed.';

CREATE FUNCTION sffdw.apply_gone(
    mapping sffdw.mapping,
    request sffdw.write_request
)
RETURNS sffdw.write_request
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_lost CONSTANT boolean := mapping.conflict_policy = 'salesforce';
BEGIN
    PERFORM sffdw.note_conflict(
        mapping.mapping_id, request.record ->> 'Id',
        ROW(request.entry_id, NULL, (request.record - 'Id')::text, NULL, NULL)::sffdw.field_conflict,
        CASE WHEN v_is_lost THEN 'Salesforce kept: the record is deleted' ELSE 'local kept: sent' END);
    IF v_is_lost THEN
        RETURN sffdw.decline(request, 'IGNORED', NULL, 'conflict: the record was deleted in Salesforce');
    END IF;
    RETURN request;
END
$function$;

COMMENT ON FUNCTION sffdw.apply_gone(sffdw.mapping, sffdw.write_request) IS
    'Enter the conflict of an UPDATE with a record that was deleted in Salesforce; by policy salesforce it is not sent.';

CREATE FUNCTION sffdw.resolve_mapping(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[]
)
RETURNS SETOF sffdw.write_request
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_records   jsonb;
    v_request   sffdw.write_request;
    v_all       sffdw.field_conflict[];
    v_conflicts sffdw.field_conflict[];
BEGIN
    SELECT coalesce(jsonb_object_agg(c.record_id, c.content), '{}')
    INTO v_records
    FROM sffdw.read_current(connection, mapping, requests) c;
    v_all := ARRAY(SELECT f FROM sffdw.field_conflicts(connection, mapping, requests, v_records) f);
    FOREACH v_request IN ARRAY requests LOOP
        v_conflicts := ARRAY(SELECT f FROM unnest(v_all) f WHERE f.entry_id = v_request.entry_id);
        IF coalesce((v_records -> (v_request.record ->> 'Id') ->> 'isdeleted')::boolean, false) THEN
            RETURN NEXT CASE v_request.operation
                WHEN 'update' THEN sffdw.apply_gone(mapping, v_request)
                ELSE v_request
            END;
        ELSIF v_conflicts <> '{}' THEN
            RETURN NEXT sffdw.apply_policy(connection, mapping, v_request, v_conflicts);
        ELSE
            RETURN NEXT v_request;
        END IF;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.resolve_mapping(sffdw.connection, sffdw.mapping, sffdw.write_request[]) IS
    'Return the updates and deletes of one mapping as its conflict_policy has them sent. Raises what the call to '
    'Salesforce raises.';

CREATE FUNCTION sffdw.put_off(
    connection sffdw.connection,
    requests   sffdw.write_request[],
    code       text,
    reason     text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Only a login or limits that fail keep others waiting.
    v_is_own CONSTANT boolean := code NOT IN ('SF001', 'SF003', 'SF004');
    v_ids    CONSTANT integer[] := array(SELECT r.entry_id FROM unnest(requests) r);
BEGIN
    UPDATE sffdw.write_claim c
    SET phase = 'waiting',
        next_try_at = clock_timestamp() + interval '15 seconds',
        http_status = CASE WHEN v_is_own THEN 400 END,
        status_code = code,
        message = reason
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (v_ids);
    EXECUTE format('UPDATE %I._trigger_log l SET state = ''NEW'', updated_at = clock_timestamp() WHERE l.id = ANY ($1)',
                   connection.schema_name)
    USING v_ids;
    PERFORM sffdw.hasten_schema_check(connection, 'INVALID_FIELD') WHERE code IN ('SF007', 'SF008', 'SF009');
    PERFORM sffdw.log_event(connection.connection_id, 'CONFLICT CHECK ERROR', format('%s (%s)', reason, code), 'ERROR',
                            requests[1].object_name, cardinality(requests));
END
$function$;

COMMENT ON FUNCTION sffdw.put_off(sffdw.connection, sffdw.write_request[], text, text) IS
    'Have requests sent later, because Salesforce could not be asked about their records: nothing of them has left.';

CREATE FUNCTION sffdw.asks_first(connection_id integer, table_name text)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.mapping m
        WHERE m.connection_id = asks_first.connection_id
        AND m.table_name = asks_first.table_name
        AND m.conflict_policy <> 'last_writer'
    );
$function$;

COMMENT ON FUNCTION sffdw.asks_first(integer, text) IS
    'Whether a table''s updates and deletes are compared with Salesforce before they are sent, in ordinary requests '
    'therefore.';

CREATE FUNCTION sffdw.resolve_conflicts(connection sffdw.connection, requests sffdw.write_request[])
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping  sffdw.mapping;
    v_chosen   sffdw.write_request[];
    v_resolved sffdw.write_request[] := '{}';
BEGIN
    requests := sffdw.leave_overtaken(connection, requests);
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        WHERE m.connection_id = connection.connection_id
        AND m.conflict_policy <> 'last_writer'
        ORDER BY m.mapping_id
    LOOP
        v_chosen := ARRAY(
            SELECT r
            FROM unnest(requests) r
            WHERE r.mapping_id = v_mapping.mapping_id
            AND r.final_state IS NULL
            AND r.operation IN ('update', 'delete'));
        CONTINUE WHEN v_chosen = '{}';
        requests := ARRAY(
            SELECT r
            FROM unnest(requests) r
            WHERE r.entry_id NOT IN (SELECT n.entry_id FROM unnest(v_chosen) n));
        BEGIN
            v_resolved := v_resolved || ARRAY(SELECT r FROM sffdw.resolve_mapping(connection, v_mapping, v_chosen) r);
        EXCEPTION WHEN OTHERS THEN
            PERFORM sffdw.put_off(connection, v_chosen, SQLSTATE, SQLERRM);
        END;
    END LOOP;
    RETURN requests || v_resolved;
END
$function$;

COMMENT ON FUNCTION sffdw.resolve_conflicts(sffdw.connection, sffdw.write_request[]) IS
    'Return the requests of a batch as the conflict policies of their mappings have them sent; those of mappings with '
    'policies salesforce and postgres are compared with what Salesforce has, by one call a mapping. Conflicts are '
    'entered; what younger changes have overtaken is left out; what cannot be asked about is put off.';

COMMIT;
