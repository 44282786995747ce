-- Deploy sffdw:functions/break_cycle to pg
-- requires: functions/choose_entries

BEGIN;

CREATE FUNCTION sffdw.find_cycle(connection sffdw.connection, OUT entry_id integer, OUT columns text[])
RETURNS record
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Of the oldest hundred that wait, the first that waits, over others, for itself.
    WITH RECURSIVE entry AS MATERIALIZED (
        SELECT e.* FROM sffdw.open_entries(connection, NULL) e WHERE e.is_first AND NOT e.is_pending AND e.sfid IS NULL
    ), edge AS MATERIALIZED (
        SELECT k.entry_id AS child, p.entry_id AS parent, k.column_name
        FROM sffdw.links_by_row(connection, ARRAY(SELECT e.entry_id FROM entry e WHERE e.action = 'INSERT')) k
        JOIN entry p ON p.table_name = k.parent_table AND p.record_id = k.parent_id
        WHERE k.parent_sfid IS NULL
    ), start AS (
        SELECT DISTINCT e.child FROM edge e ORDER BY e.child LIMIT 100
    ), reached (child, column_name, parent) AS (
        SELECT e.child, e.column_name, e.parent FROM edge e JOIN start s ON s.child = e.child
        UNION
        SELECT r.child, r.column_name, e.parent FROM reached r JOIN edge e ON e.child = r.parent
    )
    SELECT r.child, array_agg(DISTINCT r.column_name)
    FROM reached r
    WHERE r.child = r.parent
    GROUP BY r.child
    ORDER BY r.child
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.find_cycle(sffdw.connection) IS
    'Return the oldest INSERT that refers to its own row, or to a row which in the end waits for it, and the columns by '
    'which it does; NULL: there is none.';

CREATE FUNCTION sffdw.split_insert(connection sffdw.connection, entry_id integer, columns text[])
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table  text;
    v_row    integer;
    v_locked integer;
    v_count  integer;
BEGIN
    EXECUTE format('SELECT l.table_name, l.record_id FROM %I._trigger_log l WHERE l.id = $1', connection.schema_name)
    INTO v_table, v_row
    USING entry_id;
    -- The row first: an app that is changing it has perhaps an older entry on the way.
    EXECUTE format('SELECT t.id FROM %I.%I t WHERE t.id = $1 FOR NO KEY UPDATE SKIP LOCKED', connection.schema_name,
                   v_table)
    INTO v_locked
    USING v_row;
    IF v_locked IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format($query$
        WITH entry AS MATERIALIZED (
            SELECT l.*
            FROM %1$I._trigger_log l
            WHERE l.id = $1
            AND l.state = 'NEW'
            FOR UPDATE SKIP LOCKED
        ), later AS (
            INSERT INTO %1$I._trigger_log (txid, created_at, updated_at, state, action, table_name, record_id, old,
                                           "values")
            SELECT e.txid, e.created_at, NULL, 'NEW', 'UPDATE', e.table_name, e.record_id,
                   (e."values"::%2$I.hstore OPERATOR(%2$I.-) $2)::text, %2$I.slice(e."values"::%2$I.hstore, c.columns)::text
            FROM entry e
            -- What a younger change of the row sets anyway is not set again behind it.
            CROSS JOIN LATERAL (
                SELECT array_agg(n) AS columns
                FROM unnest($2) n
                WHERE NOT EXISTS (
                    SELECT
                    FROM %1$I._trigger_log y
                    WHERE y.table_name = e.table_name
                    AND y.record_id = e.record_id
                    AND y.state IN ('NEW', 'PENDING')
                    AND y.action = 'UPDATE'
                    AND y."values"::%2$I.hstore OPERATOR(%2$I.?) n
                )
            ) c
            WHERE c.columns IS NOT NULL
        )
        UPDATE %1$I._trigger_log l
        SET "values" = (l."values"::%2$I.hstore OPERATOR(%2$I.-) $2)::text, updated_at = clock_timestamp()
        FROM entry e
        WHERE l.id = e.id
    $query$, connection.schema_name, connection.hstore_schema)
    USING entry_id, columns;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count > 0;
END
$function$;

COMMENT ON FUNCTION sffdw.split_insert(sffdw.connection, integer, text[]) IS
    'Make of an INSERT two entries: itself without these columns, and an UPDATE with them that follows. Return false if '
    'the row or the entry is held by another session.';

CREATE FUNCTION sffdw.break_cycle(connection sffdw.connection)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entry   integer;
    v_columns text[];
BEGIN
    IF NOT EXISTS (SELECT FROM sffdw.linked_columns(connection.connection_id)) THEN
        RETURN false;
    END IF;
    SELECT c.entry_id, c.columns INTO v_entry, v_columns FROM sffdw.find_cycle(connection) c;
    RETURN v_entry IS NOT NULL AND sffdw.split_insert(connection, v_entry, v_columns);
END
$function$;

COMMENT ON FUNCTION sffdw.break_cycle(sffdw.connection) IS
    'Where rows wait for each other, have the oldest inserted without what it refers to, and updated afterwards. Return '
    'whether there was such a one.';

COMMIT;
