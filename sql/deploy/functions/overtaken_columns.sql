-- Deploy sffdw:functions/overtaken_columns to pg
-- requires: functions/make_request
-- requires: tables/connection

BEGIN;

CREATE FUNCTION sffdw.overtaken_columns(
    connection sffdw.connection,
    table_name text,
    record_id  integer,
    entry_id   integer
)
RETURNS text[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text[];
BEGIN
    EXECUTE format($query$
        SELECT coalesce(array_agg(DISTINCT k.column_name), '{}')
        FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
        CROSS JOIN LATERAL %2$I.skeys(l."values"::%2$I.hstore) k (column_name)
        WHERE l.table_name = $1
        AND l.record_id = $2
        AND l.id > $3
        AND l.action = 'UPDATE'
        AND l.state = 'SUCCESS'
    $query$, connection.schema_name, connection.hstore_schema)
    INTO v_columns
    USING table_name, record_id, entry_id;
    RETURN v_columns;
END
$function$;

COMMENT ON FUNCTION sffdw.overtaken_columns(sffdw.connection, text, integer, integer) IS
    'Return the columns of a row that younger entries than this have changed, which Salesforce accepted: to send the older '
    'values now would be out of order.';

CREATE FUNCTION sffdw.copy_entries(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO %1$I._trigger_log
            (txid, created_at, updated_at, state, action, table_name, record_id, sfid, old, "values")
        SELECT l.txid, clock_timestamp(), clock_timestamp(),
               CASE WHEN l.action = 'UPDATE' AND v.left_over = '' THEN 'IGNORE' ELSE 'NEW' END,
               l.action, l.table_name, l.record_id, l.sfid, l.old, v.left_over
        FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
        CROSS JOIN LATERAL (
            SELECT CASE l.action
                WHEN 'UPDATE' THEN (l."values"::%2$I.hstore OPERATOR(%2$I.-) sffdw.overtaken_columns(
                    $2, l.table_name, l.record_id, l.id))::text
                ELSE l."values"
            END
        ) AS v (left_over)
        WHERE l.id = ANY ($1)
        ORDER BY l.id
    $query$, connection.schema_name, connection.hstore_schema)
    USING entry_ids, connection;
END
$function$;

COMMENT ON FUNCTION sffdw.copy_entries(sffdw.connection, integer[]) IS
    'Log entries anew, as they were, but for columns that younger accepted changes have overtaken. What has nothing left '
    'is IGNORE.';

CREATE FUNCTION sffdw.strip_overtaken(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %1$I._trigger_log l
        SET "values" = (l."values"::%2$I.hstore OPERATOR(%2$I.-) sffdw.overtaken_columns(
            $2, l.table_name, l.record_id, l.id))::text
        WHERE l.id = ANY ($1)
        AND l.state = 'NEW'
        AND l.action = 'UPDATE'
        AND l.processed_at IS NOT NULL
    $query$, connection.schema_name, connection.hstore_schema)
    USING entry_ids, connection;
END
$function$;

COMMENT ON FUNCTION sffdw.strip_overtaken(sffdw.connection, integer[]) IS
    'Take from entries that were settled once and are NEW again what younger accepted changes have overtaken.';

CREATE FUNCTION sffdw.leave_overtaken(connection sffdw.connection, requests sffdw.write_request[])
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entry   record;
    v_request sffdw.write_request;
    v_left    sffdw.write_request[] := requests;
BEGIN
    FOR v_entry IN EXECUTE format($query$
        SELECT l.id, array(
            SELECT split_part(f.field_name, '.', 1)
            FROM sffdw.mapping_field f
            WHERE f.mapping_id = r.mapping_id
            AND f.column_name = ANY (sffdw.overtaken_columns($2, l.table_name, l.record_id, l.id))) AS fields
        FROM unnest($1) r
        JOIN %I._trigger_log l ON l.id = r.entry_id
        WHERE l.processed_at IS NOT NULL
        AND r.final_state IS NULL
        AND r.operation = 'update'
    $query$, connection.schema_name)
    USING requests, connection
    LOOP
        CONTINUE WHEN v_entry.fields = '{}';
        SELECT r.* INTO STRICT v_request FROM unnest(v_left) r WHERE r.entry_id = v_entry.id;
        v_request.record := v_request.record - v_entry.fields;
        IF v_request.record - 'Id' = '{}' THEN
            v_request := sffdw.decline(v_request, 'IGNORED', NULL, 'a younger change has been accepted since');
        END IF;
        v_left := ARRAY(SELECT r FROM unnest(v_left) r WHERE r.entry_id <> v_entry.id) || v_request;
    END LOOP;
    RETURN v_left;
END
$function$;

COMMENT ON FUNCTION sffdw.leave_overtaken(sffdw.connection, sffdw.write_request[]) IS
    'Return the requests of a batch without what is out of order: an entry that was settled once and that somebody has '
    'given the state NEW again sends no column that a younger accepted change has overtaken.';

COMMIT;
