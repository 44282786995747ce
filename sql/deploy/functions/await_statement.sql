-- Deploy sffdw:functions/await_statement to pg
-- requires: functions/check_sync_write
-- requires: functions/prepare_entries
-- requires: functions/read_intents
-- requires: functions/write_back
-- requires: tables/sync_write

BEGIN;

CREATE TYPE sffdw.sync_answer AS (
    entry_id    integer,
    action      text,
    local_id    integer,
    final_state text,
    sfid        text,
    is_created  boolean,
    message     text
);

COMMENT ON TYPE sffdw.sync_answer IS 'What became of an entry that was sent in the transaction which captured it.';

CREATE FUNCTION sffdw.take_changes(connection sffdw.connection, mapping sffdw.mapping)
RETURNS sffdw.captured_change[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_changes sffdw.captured_change[];
BEGIN
    -- A trigger of the app's may change a row before its INSERT has been captured: that change waits for the INSERT,
    -- which the statement around it sends.
    EXECUTE format($query$
        SELECT array_agg(ROW(c.id, c.action, c.table_name, c.record_id, c.sfid, c."values")::sffdw.captured_change
                         ORDER BY c.action, c.id)
        FROM (
            SELECT DISTINCT ON (l.record_id) l.*
            FROM %1$I._trigger_log l
            WHERE l.state = 'NEW'
            AND l.table_name = $1
            AND l.txid = txid_current()
            ORDER BY l.record_id, l.action <> 'INSERT', l.id
        ) c
        WHERE c.action = 'INSERT'
        OR c.sfid IS NOT NULL
        OR pg_trigger_depth() < 2
        OR EXISTS (
            SELECT
            FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) o
            WHERE o.table_name = c.table_name
            AND o.record_id = c.record_id
            AND o.action = 'INSERT'
        )
    $query$, connection.schema_name)
    INTO v_changes
    USING mapping.table_name;
    RETURN coalesce(v_changes, '{}');
END
$function$;

COMMENT ON FUNCTION sffdw.take_changes(sffdw.connection, sffdw.mapping) IS
    'Return what this transaction has captured of a table and not sent yet, of each row the oldest change.';

CREATE FUNCTION sffdw.refuse_declined(requests sffdw.write_request[], changes sffdw.captured_change[])
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request  sffdw.write_request;
    v_local_id integer;
BEGIN
    SELECT r.* INTO v_request FROM unnest(requests) r WHERE r.final_state = 'FAILED' LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT c.record_id INTO v_local_id FROM unnest(changes) c WHERE c.entry_id = v_request.entry_id;
    RAISE EXCEPTION 'could not % a record of object "%"', v_request.operation, v_request.object_name
        USING ERRCODE = 'SF010',
              DETAIL = format('%s: %s, for id %s. Nothing was sent.', v_request.status_code, v_request.message,
                              v_local_id),
              HINT = CASE v_request.status_code
                  WHEN 'NOT_IN_SALESFORCE' THEN 'Capture the row with hc_capture_insert_from_row and run CALL '
                                                'sffdw.write(): then it has an sfid.'
                  ELSE 'Correct the value.'
              END;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_declined(sffdw.write_request[], sffdw.captured_change[]) IS
    'Stop if one of the changes cannot be sent. Raises SF010.';

CREATE FUNCTION sffdw.send_changes(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[],
    batch_id   uuid
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What undoes the app's changes undoes this row.
    INSERT INTO sffdw.sync_write (marker_id, connection_id) VALUES (batch_id, connection.connection_id);
    EXECUTE format($query$
        INSERT INTO %1$I._sync_write (batch_id, position, object_name, operation, external_id_field, record, old,
                                      local_id, mapping_id, origin, transaction_id, org_id)
        SELECT $1, row_number() OVER (ORDER BY r.ordinality), r.object_name, r.operation, r.external_id_field, r.record,
               CASE l.action WHEN 'UPDATE' THEN sffdw.make_record($2, $3, ROW(
                   l.id, 'UPDATE', l.table_name, l.record_id, l.sfid,
                   %2$I.slice(l.old::%2$I.hstore, %2$I.akeys(l."values"::%2$I.hstore)))::sffdw.captured_change) END,
               l.record_id, r.mapping_id, $4, pg_current_xact_id()::text, $2.org_id
        FROM unnest($5) WITH ORDINALITY r
        JOIN %3$I._trigger_log l ON l.id = r.entry_id
        ORDER BY r.ordinality
    $query$, connection.live_schema_name, connection.hstore_schema, connection.schema_name)
    USING batch_id, connection, mapping, sffdw.find_origin(connection), requests;
END
$function$;

COMMENT ON FUNCTION sffdw.send_changes(sffdw.connection, sffdw.mapping, sffdw.write_request[], uuid) IS
    'Send requests all or none, 200 records a call, having put on record what is sent and by which transaction. Raises '
    'what Salesforce answers: SF010, SF011, SF012 and whatever a call may raise.';

CREATE FUNCTION sffdw.read_answers(
    connection sffdw.connection,
    requests   sffdw.write_request[],
    changes    sffdw.captured_change[],
    batch_id   uuid
)
RETURNS sffdw.sync_answer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answers sffdw.sync_answer[];
BEGIN
    -- What was not sent says itself what becomes of it.
    EXECUTE format($query$
        SELECT array_agg(ROW(
                   c.entry_id, c.action, c.record_id, coalesce(r.final_state, 'SUCCESS'),
                   CASE WHEN r.final_state IS NULL THEN w.record_id ELSE r.record ->> 'Id' END, w.created,
                   r.message)::sffdw.sync_answer ORDER BY c.record_id)
        FROM unnest($1) r
        JOIN unnest($2) c ON c.entry_id = r.entry_id
        LEFT JOIN (SELECT s.local_id, s.record_id, s.created FROM %I._sync_write s WHERE s.batch_id = %L) w
            ON w.local_id = c.record_id AND r.final_state IS NULL
    $query$, connection.live_schema_name, batch_id)
    INTO v_answers
    USING requests, changes;
    ASSERT NOT EXISTS (SELECT FROM unnest(v_answers) a WHERE a.final_state = 'SUCCESS' AND a.sfid IS NULL),
        'every change that was sent has an answer';
    RETURN v_answers;
END
$function$;

COMMENT ON FUNCTION sffdw.read_answers(
    sffdw.connection, sffdw.write_request[], sffdw.captured_change[], uuid) IS
    'Return what became of changes, in the order of their rows.';

CREATE FUNCTION sffdw.refuse_same_record(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    answers    sffdw.sync_answer[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column text;
    v_twin   record;
BEGIN
    SELECT f.column_name
    INTO v_column
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = mapping.unique_identifier;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        SELECT a.local_id, t.id AS other_id, a.sfid
        FROM unnest($1) a
        JOIN %1$s o ON o.id = a.local_id
        JOIN %1$s t ON t.sfid = a.sfid AND t.id <> a.local_id AND t.%2$I::text <> o.%2$I::text
            AND lower(t.%2$I::text) = lower(o.%2$I::text)
        WHERE a.action = 'INSERT'
        LIMIT 1
    $query$, sffdw.mapped_table(connection, mapping), v_column)
    INTO v_twin
    USING answers;
    IF v_twin.local_id IS NOT NULL THEN
        RAISE EXCEPTION 'could not upsert a record of object "%"', mapping.object_name
            USING ERRCODE = 'SF010',
                  DETAIL = format('DUPLICATE_VALUE: the identifier of id %s is that of record %s and id %s, but for upper '
                                  'and lower case. The record has been changed.', v_twin.local_id, v_twin.sfid,
                                  v_twin.other_id),
                  HINT = 'Change the row that is there instead; CALL sffdw.maintain() reports what the record has got.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_same_record(sffdw.connection, sffdw.mapping, sffdw.sync_answer[]) IS
    'Stop rather than bind a second row to a record, whose identifier differs from the first one''s only in upper and lower '
    'case. Raises SF010.';

CREATE FUNCTION sffdw.settle_at_once(connection sffdw.connection, mapping sffdw.mapping, answers sffdw.sync_answer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.refuse_same_record(connection, mapping, answers);
    PERFORM sffdw.write_back_within(connection.run_search_path, sffdw.mapped_table(connection, mapping), ARRAY(
        SELECT ROW(a.entry_id, a.local_id, CASE a.action WHEN 'INSERT' THEN a.sfid END,
                   CASE WHEN a.final_state = 'IGNORED' THEN 'SYNCED'
                        WHEN a.action = 'INSERT' THEN 'INSERTED'
                        ELSE 'UPDATED' END, NULL)::sffdw.row_result
        FROM unnest(answers) a
        WHERE a.action <> 'DELETE'
        ORDER BY a.local_id));
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = a.final_state,
            sf_result = CASE WHEN a.is_created THEN 201 WHEN a.final_state = 'SUCCESS' THEN 200 END,
            sf_message = a.message,
            sfid = CASE WHEN a.action = 'INSERT' THEN coalesce(a.sfid, l.sfid) ELSE l.sfid END,
            processed_at = clock_timestamp(),
            processed_tx = txid_current(),
            updated_at = clock_timestamp()
        FROM unnest($1) a
        WHERE l.id = a.entry_id
    $query$, connection.schema_name)
    USING answers;
    PERFORM sffdw.overtake_deletes(connection, ARRAY(SELECT a.entry_id FROM unnest(answers) a));
END
$function$;

COMMENT ON FUNCTION sffdw.settle_at_once(sffdw.connection, sffdw.mapping, sffdw.sync_answer[]) IS
    'Write answers back inside the app''s transaction: to its rows, then to the trigger log, where the entries stand '
    'as settled now, so that a poll that began before keeps the columns. Raises as write_back_within.';

CREATE FUNCTION sffdw.settle_idle(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answers sffdw.sync_answer[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(ROW(l.id, l.action, l.record_id, 'IGNORED', NULL, NULL, NULL)::sffdw.sync_answer
                         ORDER BY l.record_id)
        FROM %I._trigger_log l
        WHERE l.state = 'IGNORE'
        AND l.action = 'UPDATE'
        AND l.table_name = $1
        AND l.txid = txid_current()
    $query$, connection.schema_name)
    INTO v_answers
    USING mapping.table_name;
    IF v_answers IS NOT NULL THEN
        PERFORM sffdw.settle_at_once(connection, mapping, v_answers);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_idle(sffdw.connection, sffdw.mapping) IS
    'Settle this transaction''s updates that changed nothing: their rows are PENDING no longer.';

CREATE FUNCTION sffdw.await_changes(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    changes    sffdw.captured_change[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_batch    CONSTANT uuid := gen_random_uuid();
    v_requests sffdw.write_request[] := ARRAY(
        SELECT r
        FROM sffdw.make_all_requests(connection, changes) r
        JOIN unnest(changes) WITH ORDINALITY c ON c.entry_id = r.entry_id
        ORDER BY c.ordinality);
    v_sent     sffdw.write_request[];
BEGIN
    PERFORM sffdw.refuse_declined(v_requests, changes);
    v_sent := ARRAY(SELECT r FROM unnest(v_requests) r WHERE r.final_state IS NULL);
    IF cardinality(v_sent) > 0 THEN
        PERFORM sffdw.refuse_other_server(connection);
        PERFORM sffdw.refuse_pause(connection, mapping);
        PERFORM sffdw.check_requests(connection, v_sent);
        PERFORM sffdw.refuse_mass(connection, mapping, v_sent);
        PERFORM sffdw.refuse_overtaking(connection, mapping, changes);
        PERFORM sffdw.send_changes(connection, mapping, v_sent, v_batch);
    END IF;
    PERFORM sffdw.settle_at_once(connection, mapping, sffdw.read_answers(connection, v_requests, changes, v_batch));
END
$function$;

COMMENT ON FUNCTION sffdw.await_changes(sffdw.connection, sffdw.mapping, sffdw.captured_change[]) IS
    'Send changes and write the answers back. Raises what Salesforce answers.';

CREATE FUNCTION sffdw.await_statement(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_mapping    sffdw.mapping;
    v_changes    sffdw.captured_change[];
BEGIN
    SELECT c.* INTO v_connection FROM sffdw.connection c WHERE c.schema_name = await_statement.schema_name;
    SELECT m.*
    INTO v_mapping
    FROM sffdw.mapping m
    WHERE m.connection_id = v_connection.connection_id
    AND m.table_name = await_statement.table_name
    AND m.write_mode = 'sync';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no mapping in write_mode "sync" keeps table "%"', table_name
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format('Create the mapping again, or run DROP FUNCTION %I.%I() CASCADE.', schema_name,
                                sffdw.fit_name(format('hc_%s_await', table_name)));
    END IF;
    PERFORM sffdw.settle_idle(v_connection, v_mapping);
    v_changes := sffdw.take_changes(v_connection, v_mapping);
    WHILE cardinality(v_changes) > 0 LOOP
        PERFORM sffdw.await_changes(v_connection, v_mapping, v_changes);
        v_changes := sffdw.take_changes(v_connection, v_mapping);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.await_statement(name, name) IS
    'Send what a statement on a table in write mode sync has changed, and wait for the answer, inside the app''s '
    'transaction. Raises SF010, SF011 and SF012 for what Salesforce answers, SF002, SF003, SF005, SF013, '
    'object_not_in_prerequisite_state, program_limit_exceeded where nothing is sent.';

COMMIT;
