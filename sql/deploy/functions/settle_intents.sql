-- Deploy sffdw:functions/settle_intents to pg
-- requires: functions/find_mapping
-- requires: functions/judge_intent
-- requires: functions/log_event
-- requires: functions/notify
-- requires: tables/conflict
-- requires: tables/deferred_attempt

BEGIN;

CREATE FUNCTION sffdw.undo_request(
    mapping        sffdw.mapping,
    change         sffdw.undone_change,
    content        jsonb,
    OUT operation  text,
    OUT record     jsonb,
    OUT resolution text
)
RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_alive boolean := content IS NOT NULL AND NOT coalesce((content ->> 'isdeleted')::boolean, false);
BEGIN
    -- What somebody has changed in Salesforce since is left to him.
    IF change.operation = 'delete' THEN
        resolution := 'a delete cannot be taken back: the record is in the recycle bin';
    ELSIF change.operation <> 'update' AND change.is_created IS NOT TRUE THEN
        resolution := 'an upsert that changed a record cannot be taken back: its values before are not known';
    ELSIF NOT v_is_alive THEN
        resolution := CASE change.operation WHEN 'update' THEN 'the record is deleted in Salesforce'
                      ELSE 'deleted again in Salesforce' END;
    ELSIF change.operation = 'update' AND sffdw.is_same_record(mapping.mapping_id, change.old, content) THEN
        resolution := 'written back in Salesforce';
    ELSIF NOT sffdw.is_same_record(mapping.mapping_id, change.record, content) THEN
        resolution := 'changed in Salesforce since: left as it is';
    ELSIF change.operation = 'update' THEN
        operation := 'update';
        record := change.old || jsonb_build_object('Id', change.sfid);
        resolution := 'written back in Salesforce';
    ELSE
        operation := 'delete';
        record := jsonb_build_object('Id', change.sfid);
        resolution := 'deleted again in Salesforce';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.undo_request(sffdw.mapping, sffdw.undone_change, jsonb) IS
    'Return what to send to take a change back in Salesforce, by what the record holds now, and what is then to be '
    'reported; no operation: nothing is to be sent.';

CREATE FUNCTION sffdw.compensate(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    changes    sffdw.undone_change[]
)
RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_batch   CONSTANT uuid := gen_random_uuid();
    v_ids     text := (SELECT string_agg(quote_literal(c.sfid), ', ') FROM unnest(changes) c);
    v_answers sffdw.found_record[] := ARRAY(
        SELECT a FROM sffdw.ask_records(connection, mapping, format('l.id IN (%s)', v_ids)) a);
    v_told    text[];
BEGIN
    EXECUTE format($query$
        INSERT INTO %I._write (batch_id, position, object_name, operation, record)
        SELECT $1, c.ordinality, $2, u.operation, u.record
        FROM unnest($3) WITH ORDINALITY c
        LEFT JOIN unnest($4) a ON a.record_id = c.sfid
        CROSS JOIN LATERAL sffdw.undo_request(
            $5, ROW(c.sfid, c.operation, c.is_created, c.record, c.old)::sffdw.undone_change, a.content) u
        WHERE u.operation IS NOT NULL
        ORDER BY c.ordinality
    $query$, connection.live_schema_name)
    USING v_batch, mapping.object_name, changes, v_answers, mapping;
    EXECUTE format($query$
        SELECT array_agg(CASE
            WHEN u.operation IS NULL OR w.success OR w.status_code = 'ENTITY_IS_DELETED' THEN u.resolution
            ELSE format('could not be taken back: %%s: %%s', w.status_code, w.message)
        END ORDER BY c.ordinality)
        FROM unnest($1) WITH ORDINALITY c
        LEFT JOIN unnest($2) a ON a.record_id = c.sfid
        CROSS JOIN LATERAL sffdw.undo_request(
            $3, ROW(c.sfid, c.operation, c.is_created, c.record, c.old)::sffdw.undone_change, a.content) u
        LEFT JOIN (SELECT * FROM %I._write r WHERE r.batch_id = %L) w ON w.position = c.ordinality
    $query$, connection.live_schema_name, v_batch)
    INTO v_told
    USING changes, v_answers, mapping;
    RETURN v_told;
END
$function$;

COMMENT ON FUNCTION sffdw.compensate(sffdw.connection, sffdw.mapping, sffdw.undone_change[]) IS
    'Take changes back in Salesforce as far as nobody has changed the records since; return what was done, in their '
    'order. It may be repeated: what is taken back already is told so. Raises what the call to Salesforce raises.';

CREATE FUNCTION sffdw.report_undone(
    mapping     sffdw.mapping,
    changes     sffdw.undone_change[],
    resolutions text[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO sffdw.conflict (mapping_id, sfid, field, local_value, org_value, base_value, resolution)
    SELECT mapping.mapping_id, c.sfid, v.key, c.old ->> v.key,
           CASE WHEN v.key IS NOT NULL THEN c.record ->> v.key
                WHEN c.operation <> 'delete' THEN c.record::text END,
           c.old ->> v.key, format('rolled back here after Salesforce had accepted the %s: %s', c.operation,
                                   resolutions[c.ordinality])
    FROM unnest(changes) WITH ORDINALITY c
    LEFT JOIN LATERAL jsonb_object_keys(c.record) v (key) ON c.operation = 'update';
    -- Both sides shall be the same again, by what Salesforce has.
    INSERT INTO sffdw.deferred_record AS d (mapping_id, sfid, reason)
    SELECT DISTINCT mapping.mapping_id, c.sfid, 'undone'
    FROM unnest(changes) c
    ON CONFLICT ON CONSTRAINT deferred_record_pkey DO UPDATE
    SET tried_at = NULL;
    UPDATE sffdw.mapping m
    SET next_poll_at = least(m.next_poll_at, clock_timestamp())
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.report_undone(sffdw.mapping, sffdw.undone_change[], text[]) IS
    'Enter changes that stand on one side only into the table of conflicts, of an update each field, and have their '
    'records read again by the next poll.';

CREATE FUNCTION sffdw.settle_intent(connection sffdw.connection, intent sffdw.sync_intent)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping     sffdw.mapping;
    v_changes     sffdw.undone_change[] := '{}';
    v_resolutions text[];
    v_message     text;
BEGIN
    -- A poll's step goes the same way: first the mapping, then its records.
    PERFORM sffdw.lock_mapping(intent.mapping_id);
    SELECT m.* INTO v_mapping FROM sffdw.mapping m WHERE m.mapping_id = intent.mapping_id;
    IF FOUND THEN
        v_changes := sffdw.judge_intent(connection, v_mapping, intent);
    END IF;
    IF v_changes IS NULL THEN
        RETURN;
    ELSIF cardinality(v_changes) > 0 THEN
        v_resolutions := CASE connection.options ->> 'sync_rollback'
            WHEN 'compensate' THEN sffdw.compensate(connection, v_mapping, v_changes)
            ELSE array_fill('the record is read again'::text, ARRAY[cardinality(v_changes)])
        END;
        PERFORM sffdw.report_undone(v_mapping, v_changes, v_resolutions);
        v_message := format('%s of %s was rolled back here after Salesforce had accepted it, records: %s: see '
                            'sffdw.conflicts', intent.operation, intent.object_name, cardinality(v_changes));
        PERFORM sffdw.log_event(connection.connection_id, 'SYNC WRITE ROLLED BACK', v_message, 'WARNING',
                                intent.object_name, cardinality(v_changes));
        PERFORM sffdw.notify(connection.connection_id, 'sync-rolled-back', v_message);
    END IF;
    INSERT INTO sffdw.sync_write (marker_id, connection_id, is_settled)
    VALUES (intent.intent_id::uuid, connection.connection_id, true);
END
$function$;

COMMENT ON FUNCTION sffdw.settle_intent(sffdw.connection, sffdw.sync_intent) IS
    'Settle a request whose transaction was rolled back: report what it has changed in Salesforce, or take it back '
    'there where the connection''s option sync_rollback is compensate. What cannot be told yet is left.';

CREATE FUNCTION sffdw.settle_intents(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- In this order: a marker that is seen before the intents are listed has all its intents in the list, and one that
    -- is not seen after a transaction has ended was rolled back.
    v_markers CONSTANT uuid[] := ARRAY(
        SELECT w.marker_id FROM sffdw.sync_write w WHERE w.connection_id = connection.connection_id);
    v_intents CONSTANT sffdw.sync_intent[] := ARRAY(SELECT i FROM sffdw.list_intents(connection) i);
    v_ended   CONSTANT sffdw.sync_intent[] := ARRAY(
        SELECT i FROM unnest(v_intents) i WHERE sffdw.has_ended(i.transaction_id));
    v_intent  sffdw.sync_intent;
BEGIN
    PERFORM sffdw.forget_intents(connection, ARRAY(
        SELECT i.intent_id
        FROM unnest(v_ended) i
        WHERE EXISTS (SELECT FROM sffdw.sync_write w WHERE w.marker_id IN (i.batch_id, i.intent_id::uuid))));
    FOR v_intent IN SELECT i.* FROM sffdw.read_intents(connection, ARRAY(
        SELECT i.intent_id
        FROM unnest(v_ended) i
        WHERE NOT EXISTS (SELECT FROM sffdw.sync_write w WHERE w.marker_id IN (i.batch_id, i.intent_id::uuid)))) i
    LOOP
        PERFORM sffdw.settle_intent(connection, v_intent);
    END LOOP;
    DELETE FROM sffdw.sync_write w
    WHERE w.marker_id = ANY (v_markers)
    AND w.connection_id = connection.connection_id
    AND NOT EXISTS (SELECT FROM unnest(v_intents) i WHERE w.marker_id IN (i.batch_id, i.intent_id::uuid));
END
$function$;

COMMENT ON FUNCTION sffdw.settle_intents(sffdw.connection) IS
    'Find out what became of the transactions that have written synchronously, and settle the writes of those that '
    'were rolled back. Raises what a call to Salesforce raises.';

CREATE FUNCTION sffdw.settle_sync_writes(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF connection.state = 'RECOVERY'
    OR connection.paused_out AND connection.options ->> 'sync_rollback' = 'compensate' THEN
        RETURN;
    END IF;
    PERFORM sffdw.settle_intents(connection);
EXCEPTION WHEN OTHERS THEN
    PERFORM sffdw.log_event(connection.connection_id, 'SYNC WRITES UNSETTLED', format('%s (%s)', SQLERRM, SQLSTATE),
                            'WARNING');
END
$function$;

COMMENT ON FUNCTION sffdw.settle_sync_writes(sffdw.connection) IS
    'Settle the synchronous writes of a connection as far as that can be done now: an error is logged, for the rest of '
    'the upkeep needs no Salesforce.';

COMMIT;
