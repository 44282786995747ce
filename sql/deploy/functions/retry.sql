-- Deploy sffdw:functions/retry to pg
-- requires: functions/check_metadata
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/merge_columns
-- requires: functions/overtaken_columns
-- requires: functions/require_owner
-- requires: tables/row_restore
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.find_failed(
    connection   sffdw.connection,
    entry_ids    integer[],
    object_name  text,
    message_like text
)
RETURNS TABLE (
    entry_id integer, archived boolean, action text, table_name text, record_id integer, status_code text, columns text[])
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF object_name IS NOT NULL THEN
        PERFORM sffdw.find_mapping(connection.connection_id, object_name);
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT e.id, e.archived, e.action::text, e.table_name::text, e.record_id, split_part(e.sf_message, ':', 1),
               CASE e.action WHEN 'UPDATE' THEN %2$I.akeys(e."values"::%2$I.hstore) END
        FROM (
            SELECT l.*, false AS archived FROM %1$I._trigger_log l WHERE l.state = 'FAILED'
            UNION ALL
            SELECT l.*, true AS archived FROM %1$I._trigger_log_archive l WHERE l.state = 'FAILED'
        ) e
        LEFT JOIN sffdw.mapping m ON m.connection_id = $1 AND m.table_name = e.table_name
        WHERE ($2 IS NULL OR e.id = ANY ($2))
        AND ($3 IS NULL OR lower(m.object_name) = lower($3))
        AND ($4 IS NULL OR e.sf_message LIKE $4)
        ORDER BY e.id
    $query$, connection.schema_name, connection.hstore_schema)
    USING connection.connection_id, entry_ids, object_name, message_like;
END
$function$;

COMMENT ON FUNCTION sffdw.find_failed(sffdw.connection, integer[], text, text) IS
    'Return the rejected entries chosen by id, object and message, all of them where these are NULL, and the columns '
    'that each has changed. Raises undefined_object.';

CREATE FUNCTION sffdw.set_entry_state(connection sffdw.connection, entry_ids integer[], state text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table name;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['_trigger_log', '_trigger_log_archive'] LOOP
        EXECUTE format('UPDATE %I.%I l SET state = $2, updated_at = clock_timestamp() WHERE l.id = ANY ($1)',
                       connection.schema_name, v_table)
        USING entry_ids, state;
    END LOOP;
    DELETE FROM sffdw.write_claim c
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (entry_ids);
END
$function$;

COMMENT ON FUNCTION sffdw.set_entry_state(sffdw.connection, integer[], text) IS
    'Give rejected entries another state, in the log or the archive, and forget their attempts.';

CREATE FUNCTION sffdw.capture_again(
    connection sffdw.connection,
    table_name text,
    record_id  integer,
    is_insert  boolean,
    columns    text[]
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
SET timezone = 'UTC'
SET extra_float_digits = 1
AS $function$
DECLARE
    v_entry integer;
BEGIN
    -- As record: no function for the table's own row type comes before hstore(record).
    EXECUTE format($query$
        SELECT %1$I.%4$I(%2$I.hstore((ARRAY[t]::record[])[1]), %3$L, $2)
        FROM %1$I.%3$I t
        WHERE t.id = $1
    $query$, connection.schema_name, connection.hstore_schema, table_name,
        CASE WHEN is_insert THEN 'hc_capture_insert_from_row' ELSE 'hc_capture_update_from_row' END)
    INTO v_entry
    USING record_id, CASE WHEN is_insert THEN '{}' ELSE columns END;
    RETURN v_entry IS NOT NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.capture_again(sffdw.connection, text, integer, boolean, text[]) IS
    'Log a row as it stands now, as a new INSERT or as an UPDATE of these columns; return false if the row is gone.';

CREATE FUNCTION sffdw.lacks_insert(connection sffdw.connection, table_name text, record_id integer)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lacks boolean;
BEGIN
    EXECUTE format($query$
        SELECT EXISTS (SELECT FROM %1$I.%2$I t WHERE t.id = $1 AND t.sfid IS NULL)
               AND NOT EXISTS (
                   SELECT
                   FROM (
                       SELECT l.state FROM %1$I._trigger_log l
                       WHERE l.table_name = %2$L AND l.record_id = $1 AND l.action = 'INSERT'
                       UNION ALL
                       SELECT a.state FROM %1$I._trigger_log_archive a
                       WHERE a.table_name = %2$L AND a.record_id = $1 AND a.action = 'INSERT'
                   ) i
                   WHERE i.state IN ('NEW', 'PENDING', 'FAILED', 'SUCCESS')
               )
    $query$, connection.schema_name, table_name)
    INTO v_lacks
    USING record_id;
    RETURN v_lacks;
END
$function$;

COMMENT ON FUNCTION sffdw.lacks_insert(sffdw.connection, text, integer) IS
    'Whether a row is not in Salesforce and no INSERT of it is open, rejected or accepted: it was dismissed.';

CREATE FUNCTION sffdw.is_restored(connection sffdw.connection, entry_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.row_restore r
        JOIN sffdw.mapping m USING (mapping_id)
        WHERE m.connection_id = connection.connection_id
        AND r.entry_id = is_restored.entry_id
        AND r.action = 'UPDATE'
    );
$function$;

COMMENT ON FUNCTION sffdw.is_restored(sffdw.connection, integer) IS
    'Whether the row of a rejected UPDATE has taken Salesforce''s values again.';

CREATE FUNCTION sffdw.retry(
    entry_ids       integer[] DEFAULT NULL,
    object_name     text DEFAULT NULL,
    message_like    text DEFAULT NULL,
    connection_name text DEFAULT 'salesforce'
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_row        record;
    v_deletes    integer[];
    v_count      bigint := 0;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    -- An old entry sent now would bring old values behind newer ones: what is sent is the row as it stands.
    FOR v_row IN
        SELECT f.table_name, f.record_id, array_agg(f.entry_id) AS ids, bool_or(f.action = 'INSERT') AS has_insert,
               array_agg(f.entry_id) FILTER (WHERE f.action = 'DELETE') AS delete_ids,
               bool_or(f.status_code = 'NOT_IN_SALESFORCE') AS lacks_record,
               array_agg(f.entry_id) FILTER (WHERE sffdw.is_restored(v_connection, f.entry_id)) AS restored_ids,
               string_to_array(string_agg(array_to_string(f.columns, ','), ','), ',') AS columns
        FROM sffdw.find_failed(v_connection, entry_ids, object_name, message_like) f
        GROUP BY f.table_name, f.record_id
        ORDER BY min(f.entry_id)
    LOOP
        -- Dropped with its mapping: there is nothing to send, and the others are sent all the same.
        CONTINUE WHEN to_regclass(format('%I.%I', v_connection.schema_name, v_row.table_name)) IS NULL;
        v_count := v_count + cardinality(v_row.ids);
        PERFORM sffdw.set_entry_state(v_connection, v_row.ids, 'REQUEUED');
        IF v_row.delete_ids IS NOT NULL THEN
            v_deletes := v_deletes || v_row.delete_ids;
        ELSIF v_row.restored_ids IS NOT NULL THEN
            -- The row has Salesforce's values: the entry alone knows the others.
            PERFORM sffdw.copy_entries(v_connection, v_row.ids);
        ELSE
            PERFORM sffdw.capture_again(
                v_connection, v_row.table_name, v_row.record_id, v_row.has_insert OR v_row.lacks_record
                    AND sffdw.lacks_insert(v_connection, v_row.table_name, v_row.record_id), v_row.columns);
        END IF;
    END LOOP;
    PERFORM sffdw.requeue_deletes(v_connection, v_deletes);
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.retry(integer[], text, text, text) IS
    'Have rejected changes sent again, chosen by entry, object and message (LIKE), and return their number. What is '
    'sent is the row as it stands now, in a new entry, as a new record where its INSERT was dismissed; where the row has taken Salesforce''s values again, the entry as it '
    'was, without what younger changes have overtaken. The old ones become REQUEUED. A row that is gone is not sent, '
    'and entries of a table that is gone stay as they are. Raises insufficient_privilege, undefined_object.';

CREATE FUNCTION sffdw.requeue_deletes(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO %1$I._trigger_log (txid, created_at, updated_at, state, action, table_name, record_id, sfid, old)
        SELECT txid_current(), clock_timestamp(), NULL, 'NEW', l.action, l.table_name, l.record_id, l.sfid, l.old
        FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
        WHERE l.id = ANY ($1)
        ORDER BY l.id
    $query$, connection.schema_name)
    USING entry_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.requeue_deletes(sffdw.connection, integer[]) IS
    'Log rejected DELETEs anew: there is no row to capture.';

CREATE FUNCTION sffdw.dismiss(
    entry_ids       integer[] DEFAULT NULL,
    object_name     text DEFAULT NULL,
    message_like    text DEFAULT NULL,
    connection_name text DEFAULT 'salesforce'
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_ids        integer[];
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    SELECT coalesce(array_agg(f.entry_id), '{}')
    INTO v_ids
    FROM sffdw.find_failed(v_connection, entry_ids, object_name, message_like) f;
    PERFORM sffdw.set_entry_state(v_connection, v_ids, 'IGNORED');
    RETURN cardinality(v_ids);
END
$function$;

COMMENT ON FUNCTION sffdw.dismiss(integer[], text, text, text) IS
    'Give up rejected changes, chosen by entry, object and message (LIKE): they become IGNORED. Return their number. '
    'The local values stay until the record next changes in Salesforce. Raises insufficient_privilege, '
    'undefined_object.';

COMMIT;
