-- Deploy sffdw:functions/restore_rows to pg
-- requires: functions/check_connection
-- requires: functions/load_page
-- requires: functions/merge_page
-- requires: functions/settle_answers
-- requires: tables/row_restore
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.choose_restores(connection sffdw.connection)
RETURNS sffdw.row_restore[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_restores sffdw.row_restore[];
BEGIN
    IF connection.paused_in OR NOT EXISTS (
        SELECT
        FROM sffdw.row_restore r
        JOIN sffdw.mapping m USING (mapping_id)
        WHERE m.connection_id = connection.connection_id
        AND r.done_at IS NULL
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format($query$
        WITH ready AS (
            SELECT r.*
            FROM sffdw.row_restore r
            JOIN sffdw.mapping m USING (mapping_id)
            LEFT JOIN %I._trigger_log l ON l.id = r.entry_id
            WHERE m.connection_id = $1
            AND r.done_at IS NULL
            AND coalesce(r.next_try_at, '-infinity') <= clock_timestamp()
            AND l.state IS DISTINCT FROM 'NEW'
            AND l.state IS DISTINCT FROM 'PENDING'
        ), chosen AS (
            SELECT r.*
            FROM ready r
            WHERE r.mapping_id = (SELECT min(o.mapping_id) FROM ready o)
            ORDER BY r.entry_id
            LIMIT 200
        )
        SELECT array_agg(ROW(c.*)::sffdw.row_restore) FROM chosen c
    $query$, connection.schema_name)
    INTO v_restores
    USING connection.connection_id;
    RETURN v_restores;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_restores(sffdw.connection) IS
    'Return the rows of one mapping that are to take Salesforce''s values now, at most 200; NULL: none, or reading is '
    'paused.';

CREATE FUNCTION sffdw.show_rejected(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    restores   sffdw.row_restore[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_results sffdw.row_result[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(e.result ORDER BY (e.result).record_id)
        FROM (
            SELECT DISTINCT ON (t.id) ROW(
                r.entry_id, t.id, NULL, 'FAILED',
                sffdw.error_json(r.entry_id, c.status_code, c.message, c.fields))::sffdw.row_result AS result
            FROM unnest($1) r
            JOIN sffdw.write_claim c ON c.connection_id = $2 AND c.entry_id = r.entry_id AND c.phase = 'failed'
            JOIN %1$s s ON s.sfid = r.sfid COLLATE "C" AND s._verdict IN ('insert', 'update')
            JOIN %2$s t ON t.sfid = r.sfid
            WHERE t._hc_lastop = 'SYNCED'
            ORDER BY t.id, r.entry_id DESC
        ) e
    $query$, stage, sffdw.mapped_table(connection, mapping))
    INTO v_results
    USING restores, connection.connection_id;
    PERFORM sffdw.write_back_each(connection, mapping, coalesce(v_results, '{}'));
END
$function$;

COMMENT ON FUNCTION sffdw.show_rejected(sffdw.connection, sffdw.mapping, text, sffdw.row_restore[]) IS
    'Have rows that have just taken Salesforce''s values say still why their change was rejected.';

CREATE FUNCTION sffdw.restore_stage(connection sffdw.connection, restores sffdw.row_restore[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_mapping sffdw.mapping;
    v_stage   text;
BEGIN
    -- One reader at a time: a poll's page that was read before this must not be merged after it.
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m
    WHERE m.mapping_id = restores[1].mapping_id
    FOR NO KEY UPDATE;
    v_stage := sffdw.open_stage(connection, v_mapping);
    PERFORM sffdw.read_records(
        connection, v_mapping, v_stage, 'settle',
        format('l.id IN (%s)', (SELECT string_agg(DISTINCT quote_literal(r.sfid), ', ') FROM unnest(restores) r)));
    EXECUTE format($query$
        UPDATE %1$s s
        SET _old_id = r.record_id
        FROM unnest($1) r
        WHERE r.action = 'DELETE'
        AND s.sfid = r.sfid COLLATE "C"
        AND NOT EXISTS (SELECT FROM %2$s t WHERE t.id = r.record_id)
    $query$, v_stage, sffdw.mapped_table(connection, v_mapping))
    USING restores;
    PERFORM sffdw.merge_page(connection, v_mapping, v_stage, v_read_at);
    PERFORM sffdw.show_rejected(connection, v_mapping, v_stage, restores);
    -- What an app holds is tried again; the rest is done, or set aside for the polls.
    EXECUTE format($query$
        UPDATE sffdw.row_restore r
        SET done_at = CASE WHEN l.sfid IS NULL THEN clock_timestamp() END,
            next_try_at = clock_timestamp() + interval '1 second'
        FROM unnest($1) o
        LEFT JOIN %s l ON l.sfid = o.sfid COLLATE "C" AND l._verdict = 'locked'
        WHERE r.mapping_id = o.mapping_id
        AND r.entry_id = o.entry_id
    $query$, v_stage)
    USING restores;
END
$function$;

COMMENT ON FUNCTION sffdw.restore_stage(sffdw.connection, sffdw.row_restore[]) IS
    'Read the records of rows that are to take Salesforce''s values by their Ids and merge them as a poll does: what is '
    'unsent keeps its value, a row that was deleted comes back with its id.';

CREATE FUNCTION sffdw.restore_rows(connection_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_restores   sffdw.row_restore[];
BEGIN
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = restore_rows.connection_id;
    v_restores := sffdw.choose_restores(v_connection);
    IF v_restores IS NULL THEN
        RETURN false;
    END IF;
    PERFORM sffdw.refuse_recovery(v_connection);
    BEGIN
        PERFORM sffdw.restore_stage(v_connection, v_restores);
        RETURN true;
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE IN ('55P03', '40P01', '40001') THEN
            RAISE;
        END IF;
        UPDATE sffdw.row_restore r
        SET next_try_at = clock_timestamp() + interval '1 minute'
        FROM unnest(v_restores) o
        WHERE r.mapping_id = o.mapping_id
        AND r.entry_id = o.entry_id;
        PERFORM sffdw.log_event(connection_id, 'RESTORE ERROR', format('%s (%s)', SQLERRM, SQLSTATE), 'ERROR',
                                row_count => cardinality(v_restores));
    END;
    RETURN false;
END
$function$;

COMMENT ON FUNCTION sffdw.restore_rows(integer) IS
    'Have rows whose changes were rejected or lost a conflict take Salesforce''s values again; return whether there were '
    'any. What fails is logged and tried again a minute later. Raises what waiting for a lock raises, '
    'and SF002.';

CREATE FUNCTION sffdw.ask_restores(connection sffdw.connection, mapping sffdw.mapping, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF mapping.rejected_policy IS DISTINCT FROM 'restore' THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        INSERT INTO sffdw.row_restore (mapping_id, entry_id, action, record_id, sfid)
        SELECT $1, l.id, l.action, l.record_id, i.sfid
        FROM %1$I._trigger_log l
        LEFT JOIN %2$s t ON t.id = l.record_id
        CROSS JOIN LATERAL (SELECT coalesce(l.sfid, t.sfid)) AS i (sfid)
        WHERE l.id = ANY ($2)
        AND l.state = 'FAILED'
        AND l.action IN ('UPDATE', 'DELETE')
        AND i.sfid IS NOT NULL
        ON CONFLICT ON CONSTRAINT row_restore_pkey DO UPDATE
        SET asked_at = clock_timestamp(), next_try_at = NULL, done_at = NULL
    $query$, connection.schema_name, sffdw.mapped_table(connection, mapping))
    USING mapping.mapping_id, entry_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_restores(sffdw.connection, sffdw.mapping, integer[]) IS
    'By rejected_policy restore, have the rows of rejected changes take Salesforce''s values again. A rejected INSERT''s '
    'row stays as it is: Salesforce has nothing to put in its place.';

COMMIT;
