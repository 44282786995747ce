-- Deploy sffdw:functions/settle_answers to pg
-- requires: functions/hasten_aside
-- requires: functions/log_event
-- requires: functions/merge_columns
-- requires: functions/notify
-- requires: functions/refuse_twins
-- requires: functions/schema_step
-- requires: functions/write_back
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.error_json(entry_id integer, status_code text, message text, fields text[])
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('code', status_code, 'message', message, 'fields', coalesce(fields, '{}'),
                              'entry_id', entry_id, 'at', clock_timestamp())::text;
$function$;

COMMENT ON FUNCTION sffdw.error_json(integer, text, text, text[]) IS 'Return what _hc_err holds of a rejected write.';

CREATE FUNCTION sffdw.answered_entries(connection sffdw.connection, table_name text)
RETURNS TABLE (entry_id integer, record_id integer, new_sfid text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT c.entry_id, l.record_id, CASE WHEN l.action = 'INSERT' THEN c.record_id END
        FROM sffdw.write_claim c
        JOIN %I._trigger_log l ON l.id = c.entry_id
        WHERE c.connection_id = $1
        AND c.phase = 'answered'
        AND l.table_name = $2
        ORDER BY c.entry_id
        LIMIT 10000
    $query$, connection.schema_name)
    USING connection.connection_id, table_name;
END
$function$;

COMMENT ON FUNCTION sffdw.answered_entries(sffdw.connection, text) IS
    'Return entries of a table that have an answer, at most 10,000, with their rows and the sfids that are new to them.';

CREATE FUNCTION sffdw.lock_answered(connection sffdw.connection, mapping sffdw.mapping)
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
    v_ids   integer[];
BEGIN
    IF to_regclass(v_table) IS NULL THEN
        RETURN (SELECT array_agg(a.entry_id) FROM sffdw.answered_entries(connection, mapping.table_name) a);
    END IF;
    -- The mapped row is locked before the log's, in the order of id. Waiting could deadlock with an app: what it holds
    -- is settled when it has let go. Rows that a poll made of the same records are locked too: they are to go.
    EXECUTE format($query$
        WITH answer AS MATERIALIZED (
            SELECT a.* FROM sffdw.answered_entries($1, $2) a
        ), wanted AS MATERIALIZED (
            SELECT t.id, a.entry_id FROM answer a JOIN %1$s t ON t.id = a.record_id
            UNION
            SELECT t.id, a.entry_id FROM answer a JOIN %1$s t ON t.sfid = a.new_sfid
        ), held AS MATERIALIZED (
            SELECT t.id
            FROM %1$s t
            WHERE t.id IN (SELECT w.id FROM wanted w)
            ORDER BY t.id
            FOR UPDATE OF t SKIP LOCKED
        )
        SELECT array_agg(a.entry_id ORDER BY a.entry_id)
        FROM answer a
        WHERE NOT EXISTS (
            SELECT
            FROM wanted w
            WHERE w.entry_id = a.entry_id
            AND w.id NOT IN (SELECT h.id FROM held h)
        )
    $query$, v_table)
    INTO v_ids
    USING connection, mapping.table_name;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.lock_answered(sffdw.connection, sffdw.mapping) IS
    'Lock the rows whose writes have an answer and return the entries that can be settled now.';

CREATE FUNCTION sffdw.make_results(connection sffdw.connection, entry_ids integer[])
RETURNS sffdw.row_result[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_results sffdw.row_result[];
BEGIN
    -- A row with a younger change on its way stays PENDING, but for its sfid and for errors. Open entries are read once
    -- for all, not once for each: the log has no index by record.
    EXECUTE format($query$
        WITH changing AS MATERIALIZED (
            SELECT o.table_name, o.record_id
            FROM %1$I._trigger_log o
            WHERE o.state IN ('NEW', 'PENDING')
            GROUP BY o.table_name, o.record_id
            HAVING count(*) > 1 OR NOT bool_or(o.id = ANY ($2))
        )
        SELECT array_agg(ROW(
                   l.id, l.record_id, CASE WHEN l.action = 'INSERT' THEN c.record_id END,
                   CASE WHEN c.final_state = 'FAILED' THEN 'FAILED'
                        WHEN c.final_state = 'IGNORED' THEN 'SYNCED'
                        WHEN l.action = 'INSERT' THEN 'INSERTED'
                        ELSE 'UPDATED' END,
                   CASE WHEN c.final_state = 'FAILED'
                        THEN sffdw.error_json(l.id, c.status_code, c.message, c.fields) END
               )::sffdw.row_result ORDER BY l.record_id)
        FROM sffdw.write_claim c
        JOIN %1$I._trigger_log l ON l.id = c.entry_id
        WHERE c.connection_id = $1
        AND c.entry_id = ANY ($2)
        AND l.action <> 'DELETE'
        AND (c.final_state = 'FAILED'
             OR c.final_state = 'SUCCESS' AND l.action = 'INSERT'
             OR (l.table_name, l.record_id) NOT IN (SELECT o.table_name, o.record_id FROM changing o))
    $query$, connection.schema_name)
    INTO v_results
    USING connection.connection_id, entry_ids;
    RETURN coalesce(v_results, '{}');
END
$function$;

COMMENT ON FUNCTION sffdw.make_results(sffdw.connection, integer[]) IS
    'Return what is to be written back to the rows of answered entries.';

CREATE FUNCTION sffdw.write_back_each(connection sffdw.connection, mapping sffdw.mapping, results sffdw.row_result[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table  text := sffdw.mapped_table(connection, mapping);
    v_result sffdw.row_result;
BEGIN
    IF cardinality(results) = 0 OR to_regclass(v_table) IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM sffdw.write_back(connection.run_search_path, v_table, results);
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        -- Locks pass; a single row cannot be split.
        IF SQLSTATE IN ('55P03', '40P01', '40001') THEN
            RAISE;
        ELSIF cardinality(results) = 1 THEN
            PERFORM sffdw.log_event(
                connection.connection_id, 'WRITE BACK ERROR',
                format('%s id %s: %s (%s)', v_table, results[1].record_id, SQLERRM, SQLSTATE), 'ERROR',
                mapping.object_name);
            RETURN;
        END IF;
    END;
    FOREACH v_result IN ARRAY results LOOP
        PERFORM sffdw.write_back_each(connection, mapping, ARRAY[v_result]);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.write_back_each(sffdw.connection, sffdw.mapping, sffdw.row_result[]) IS
    'Write results back, all at once or, where a row refuses, one by one. A row that refuses is logged: its entry is '
    'settled all the same, for Salesforce has answered; its sfid comes with the next poll.';

CREATE FUNCTION sffdw.overtake_deletes(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %1$I._trigger_log d
        SET state = 'NEW', sfid = i.sfid, updated_at = clock_timestamp()
        FROM %1$I._trigger_log i
        WHERE i.id = ANY ($1)
        AND i.action = 'INSERT'
        AND i.state = 'SUCCESS'
        AND d.table_name = i.table_name
        AND d.record_id = i.record_id
        AND d.action = 'DELETE'
        AND d.state = 'IGNORE'
    $query$, connection.schema_name)
    USING entry_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.overtake_deletes(sffdw.connection, integer[]) IS
    'Have the DELETEs sent that met their own INSERTs on the way and so knew no sfid.';

CREATE FUNCTION sffdw.close_entries(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %1$I._trigger_log l
        SET state = c.final_state,
            sf_result = c.http_status,
            sf_message = CASE
                WHEN c.status_code IS NULL THEN c.message
                ELSE concat_ws(': ', c.status_code, c.message)
            END,
            sfid = CASE WHEN l.action = 'INSERT' THEN coalesce(c.record_id, l.sfid) ELSE l.sfid END,
            processed_at = clock_timestamp(),
            processed_tx = txid_current(),
            updated_at = clock_timestamp()
        FROM sffdw.write_claim c
        WHERE c.connection_id = $1
        AND c.entry_id = ANY ($2)
        AND l.id = c.entry_id
    $query$, connection.schema_name)
    USING connection.connection_id, entry_ids;
    PERFORM sffdw.overtake_deletes(connection, entry_ids);
    DELETE FROM sffdw.write_claim c
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (entry_ids)
    AND c.final_state <> 'FAILED';
    UPDATE sffdw.write_claim c
    SET phase = 'failed'
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (entry_ids);
END
$function$;

COMMENT ON FUNCTION sffdw.close_entries(sffdw.connection, integer[]) IS
    'Give answered entries their final state in the trigger log.';

CREATE FUNCTION sffdw.report_failures(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_failure record;
BEGIN
    FOR v_failure IN EXECUTE format($query$
        SELECT l.table_name, c.status_code, count(*) AS failed_count, min(c.message) AS message
        FROM sffdw.write_claim c
        JOIN %I._trigger_log l ON l.id = c.entry_id
        WHERE c.connection_id = $1
        AND c.entry_id = ANY ($2)
        AND c.phase = 'failed'
        GROUP BY l.table_name, c.status_code
    $query$, connection.schema_name)
    USING connection.connection_id, entry_ids
    LOOP
        PERFORM sffdw.log_event(
            connection.connection_id, 'WRITE ERROR',
            format('%s: %s: %s', v_failure.table_name, v_failure.status_code, v_failure.message), 'ERROR',
            row_count => v_failure.failed_count);
        PERFORM sffdw.hasten_schema_check(connection, v_failure.status_code);
        PERFORM sffdw.notify_count(
            connection.connection_id, 'write-error', format('%s: %s', v_failure.table_name, v_failure.status_code),
            v_failure.failed_count,
            replace(format('changes of %s rejected: ', v_failure.table_name), '%', '%%') || '%s ('
            || replace(format('%s: %s)', v_failure.status_code, v_failure.message), '%', '%%'));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.report_failures(sffdw.connection, integer[]) IS
    'Log rejected entries and notify of them, one line a table and code, with their number, and one notification for '
    'those of an hour.';

CREATE FUNCTION sffdw.settle_answers(connection_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_mapping    sffdw.mapping;
    v_table      text;
    v_ids        integer[];
    v_is_settled boolean := false;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = settle_answers.connection_id;
    FOR v_table IN EXECUTE format($query$
        SELECT DISTINCT l.table_name::text
        FROM sffdw.write_claim c
        JOIN %I._trigger_log l ON l.id = c.entry_id
        WHERE c.connection_id = $1
        AND c.phase = 'answered'
    $query$, v_connection.schema_name)
    USING v_connection.connection_id
    LOOP
        SELECT m.* INTO v_mapping FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id AND m.table_name = v_table;
        v_mapping.table_name := v_table;
        v_ids := sffdw.lock_answered(v_connection, v_mapping);
        CONTINUE WHEN v_ids IS NULL;
        PERFORM sffdw.refuse_twins(v_connection, v_mapping, v_ids);
        PERFORM sffdw.write_back_each(v_connection, v_mapping, sffdw.make_results(v_connection, v_ids));
        PERFORM sffdw.close_entries(v_connection, v_ids);
        PERFORM sffdw.hasten_aside(v_connection, v_mapping, v_ids);
        PERFORM sffdw.ask_restores(v_connection, v_mapping, v_ids);
        PERFORM sffdw.report_failures(v_connection, v_ids);
        v_is_settled := true;
    END LOOP;
    RETURN v_is_settled;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_answers(integer) IS
    'Write back what Salesforce answered: to the rows, then to the trigger log. Rows that an app holds locked are left '
    'for the next time; until then their entries stay PENDING. Return whether any was settled.';

COMMIT;
