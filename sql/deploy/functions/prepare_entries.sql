-- Deploy sffdw:functions/prepare_entries to pg
-- requires: functions/overtaken_columns
-- requires: functions/pace_look
-- requires: functions/settle_answers

BEGIN;

CREATE FUNCTION sffdw.ignore_entries(connection sffdw.connection, entry_ids integer[], reason text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = 'IGNORED',
            sf_message = coalesce($2, l.sf_message),
            processed_at = clock_timestamp(),
            processed_tx = txid_current(),
            updated_at = clock_timestamp()
        WHERE l.id = ANY ($1)
    $query$, connection.schema_name)
    USING entry_ids, reason;
END
$function$;

COMMENT ON FUNCTION sffdw.ignore_entries(sffdw.connection, integer[], text) IS
    'Give entries of the trigger log the state IGNORED.';

CREATE FUNCTION sffdw.ignore_updates(connection sffdw.connection)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids integer[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(e.id)
        FROM (
            SELECT l.id
            FROM %I._trigger_log l
            WHERE l.state = 'IGNORE'
            AND l.action <> 'DELETE'
            ORDER BY l.id
            LIMIT 500
            FOR UPDATE SKIP LOCKED
        ) e
    $query$, connection.schema_name)
    INTO v_ids;
    -- To be settled like a change that Salesforce has answered: the row has been PENDING since the app touched it.
    INSERT INTO sffdw.write_claim (connection_id, entry_id, phase, final_state)
    SELECT connection.connection_id, i, 'answered', 'IGNORED'
    FROM unnest(v_ids) i
    ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
    SET phase = 'answered', final_state = 'IGNORED', status_code = NULL, message = NULL, record_id = NULL,
        http_status = NULL, fields = NULL;
    EXECUTE format('UPDATE %I._trigger_log l SET state = ''PENDING'', updated_at = clock_timestamp() '
                   'WHERE l.id = ANY ($1)', connection.schema_name)
    USING v_ids;
    RETURN v_ids IS NOT NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.ignore_updates(sffdw.connection) IS
    'Take the updates that changed nothing, to be settled without being sent. Return whether there were any.';

CREATE FUNCTION sffdw.entries_before_deletes(connection sffdw.connection)
RETURNS TABLE (delete_id integer, entry_id integer, state text, action text, sfid text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The log has no index by record: it is read once for all deletes, not once for each.
    RETURN QUERY EXECUTE format($query$
        WITH deleted AS MATERIALIZED (
            SELECT l.id, l.table_name, l.record_id
            FROM %1$I._trigger_log l
            WHERE l.state = 'IGNORE'
            AND l.action = 'DELETE'
        )
        SELECT d.id, l.id, l.state::text, l.action::text, l.sfid::text
        FROM deleted d
        JOIN %1$I._trigger_log l ON l.table_name = d.table_name AND l.record_id = d.record_id AND l.id < d.id
        UNION ALL
        SELECT d.id, l.id, l.state::text, l.action::text, l.sfid::text
        FROM deleted d
        JOIN %1$I._trigger_log_archive l ON l.table_name = d.table_name AND l.record_id = d.record_id AND l.id < d.id
        WHERE l.action = 'INSERT'
    $query$, connection.schema_name);
END
$function$;

COMMENT ON FUNCTION sffdw.entries_before_deletes(sffdw.connection) IS
    'The older entries of rows that were deleted while they had no sfid, those of the archive only if they are INSERTs, '
    'each with the id of the delete.';

CREATE FUNCTION sffdw.early_deletes(connection sffdw.connection)
RETURNS TABLE (entry_id integer, insert_id integer, insert_state text, insert_sfid text, unsent_ids integer[])
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH older AS MATERIALIZED (
            SELECT e.* FROM sffdw.entries_before_deletes($1) e
        ), inserted AS MATERIALIZED (
            SELECT DISTINCT ON (o.delete_id) o.*
            FROM older o
            WHERE o.action = 'INSERT'
            ORDER BY o.delete_id, o.entry_id DESC
        ), chosen AS MATERIALIZED (
            SELECT l.id
            FROM %1$I._trigger_log l
            WHERE l.state = 'IGNORE'
            AND l.action = 'DELETE'
            -- An INSERT that waits to be sent again may have reached Salesforce before.
            AND l.id NOT IN (
                SELECT i.delete_id
                FROM inserted i
                LEFT JOIN sffdw.write_claim c
                    ON c.connection_id = ($1).connection_id AND c.entry_id = i.entry_id AND c.is_resent
                WHERE i.state = 'PENDING'
                OR i.state = 'NEW' AND c.entry_id IS NOT NULL
            )
            ORDER BY l.id
            LIMIT 500
            FOR UPDATE SKIP LOCKED
        ), taken AS MATERIALIZED (
            SELECT l.id
            FROM %1$I._trigger_log l
            WHERE l.id IN (SELECT o.entry_id FROM older o JOIN chosen c ON c.id = o.delete_id WHERE o.state = 'NEW')
            AND l.state = 'NEW'
            ORDER BY l.id
            FOR UPDATE
        ), unsent AS (
            SELECT o.delete_id, array_agg(o.entry_id ORDER BY o.entry_id) AS ids
            FROM older o
            JOIN taken t ON t.id = o.entry_id
            GROUP BY o.delete_id
        )
        SELECT c.id, i.entry_id, i.state, i.sfid, coalesce(u.ids, '{}')
        FROM chosen c
        LEFT JOIN inserted i ON i.delete_id = c.id
        LEFT JOIN unsent u ON u.delete_id = c.id
        ORDER BY c.id
    $query$, connection.schema_name)
    USING connection;
END
$function$;

COMMENT ON FUNCTION sffdw.early_deletes(sffdw.connection) IS
    'Lock and return deletes of rows that had no sfid and whose INSERT is not in flight: what became of that INSERT, '
    'and the older entries of the row that have not been sent.';

CREATE FUNCTION sffdw.ignore_deletes(connection sffdw.connection)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_delete record;
    v_found  boolean := false;
BEGIN
    FOR v_delete IN SELECT d.* FROM sffdw.early_deletes(connection) d LOOP
        -- Another session has just taken the INSERT.
        CONTINUE WHEN v_delete.insert_state = 'NEW' AND NOT v_delete.insert_id = ANY (v_delete.unsent_ids);
        v_found := true;
        IF v_delete.insert_state = 'SUCCESS' AND v_delete.insert_sfid IS NOT NULL THEN
            EXECUTE format('UPDATE %I._trigger_log l SET state = ''NEW'', sfid = $2, updated_at = clock_timestamp() '
                           'WHERE l.id = $1', connection.schema_name)
            USING v_delete.entry_id, v_delete.insert_sfid;
        ELSE
            -- What was inserted, changed and deleted before any of it was sent need not be sent at all.
            PERFORM sffdw.ignore_entries(connection, v_delete.unsent_ids, 'the row was deleted before this was sent');
            PERFORM sffdw.ignore_entries(connection, ARRAY[v_delete.entry_id], NULL);
        END IF;
    END LOOP;
    RETURN v_found;
END
$function$;

COMMENT ON FUNCTION sffdw.ignore_deletes(sffdw.connection) IS
    'Settle deletes of rows that had no sfid: if their INSERT has reached Salesforce it becomes a delete by its sfid, '
    'while it is in flight it waits, else nothing is sent of either. Return whether there were any.';

CREATE FUNCTION sffdw.requeue_archived(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids integer[];
BEGIN
    EXECUTE format($query$
        WITH asked AS (
            UPDATE %I._trigger_log_archive a
            SET state = 'REQUEUED', updated_at = clock_timestamp()
            WHERE a.state = 'REQUEUE'
            RETURNING a.id
        )
        SELECT array_agg(a.id) FROM asked a
    $query$, connection.schema_name)
    INTO v_ids;
    PERFORM sffdw.copy_entries(connection, v_ids);
END
$function$;

COMMENT ON FUNCTION sffdw.requeue_archived(sffdw.connection) IS
    'Copy archived entries that someone gave the state REQUEUE into the trigger log as NEW ones, without columns that '
    'younger accepted changes have overtaken.';

CREATE FUNCTION sffdw.prepare_entries(connection_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_began_at   CONSTANT timestamptz := clock_timestamp();
    v_is_settled boolean := false;
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = prepare_entries.connection_id;
    IF sffdw.may_look(prepare_entries.connection_id, 'prepare') THEN
        v_is_settled := sffdw.ignore_deletes(v_connection);
        IF NOT v_is_settled THEN
            PERFORM sffdw.note_look(prepare_entries.connection_id, 'prepare', v_began_at);
        END IF;
    END IF;
    RETURN sffdw.ignore_updates(v_connection) OR v_is_settled;
END
$function$;

COMMENT ON FUNCTION sffdw.prepare_entries(integer) IS
    'Settle the entries that the capture marked IGNORE. Return whether there were any.';

COMMIT;
