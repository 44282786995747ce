-- Deploy sffdw:functions/merge_entries to pg
-- requires: functions/hold_writes
-- requires: functions/overtaken_columns
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.lock_mergeable(connection sffdw.connection)
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_ids integer[];
BEGIN
    EXECUTE format($query$
        WITH unsent AS MATERIALIZED (
            SELECT l.id, l.table_name, l.record_id
            FROM %1$I._trigger_log l
            WHERE l.state = 'NEW'
            AND l.action IN ('INSERT', 'UPDATE', 'DELETE')
            AND %2$s
            ORDER BY l.id
            LIMIT 50000
        ), counted AS (
            SELECT u.id, count(*) OVER (PARTITION BY u.table_name, u.record_id) AS entry_count FROM unsent u
        ), held AS (
            SELECT l.id
            FROM %1$I._trigger_log l
            WHERE l.id IN (SELECT c.id FROM counted c WHERE c.entry_count > 1)
            AND l.state = 'NEW'
            ORDER BY l.id
            FOR UPDATE
        )
        SELECT array_agg(h.id) FROM held h
    $query$, connection.schema_name, sffdw.held_filter(connection))
    INTO v_ids;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.lock_mergeable(sffdw.connection) IS
    'Lock and return the unsent entries, of the oldest 50,000, whose record has several. Raises lock_not_available.';

CREATE TYPE sffdw.grouped_entry AS (
    id           integer,
    action       text,
    "values"     text,
    survivor_id  integer,
    is_leading   boolean
);

COMMENT ON TYPE sffdw.grouped_entry IS
    'An unsent entry, the entry as which it can be sent, and whether nothing of its record is to be sent before.';

CREATE FUNCTION sffdw.group_entries(connection sffdw.connection, entry_ids integer[])
RETURNS SETOF sffdw.grouped_entry
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH marked AS (
            SELECT l.id, l.table_name, l.record_id, l.action::text, l."values",
                   l.processed_at IS NOT NULL AS was_settled, coalesce(lag(l.action) OVER record = 'DELETE', false)
                   OR l.action = 'UPDATE' AND coalesce(
                       %2$I.exist(l."values"::%2$I.hstore, i.column_name::text), false) AS begins
            FROM %1$I._trigger_log l
            LEFT JOIN sffdw.mapping m ON m.connection_id = $2 AND m.table_name = l.table_name
            LEFT JOIN sffdw.mapping_field i ON i.mapping_id = m.mapping_id AND i.field_name = m.unique_identifier
            WHERE l.id = ANY ($1)
            AND l.state = 'NEW'
            WINDOW record AS (PARTITION BY l.table_name, l.record_id ORDER BY l.id)
        ), numbered AS (
            SELECT k.*, count(*) FILTER (WHERE k.begins) OVER (
                       PARTITION BY k.table_name, k.record_id ORDER BY k.id) AS group_number,
                   min(k.id) OVER (PARTITION BY k.table_name, k.record_id) AS first_id
            FROM marked k
        )
        -- What is left of a group is its DELETE if it has one, else its first INSERT, which has all columns of its time,
        -- else the first UPDATE that was not settled before. The oldest keeps the record's place among others: a child
        -- leaves its parent before the parent is deleted.
        SELECT n.id, n.action, n."values", first_value(n.id) OVER (
                   PARTITION BY n.table_name, n.record_id, n.group_number
                   ORDER BY n.action <> 'DELETE', n.action <> 'INSERT', n.was_settled, n.id),
               min(n.id) OVER (PARTITION BY n.table_name, n.record_id, n.group_number) = n.first_id
        FROM numbered n
    $query$, connection.schema_name, connection.hstore_schema)
    USING entry_ids, connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.group_entries(sffdw.connection, integer[]) IS
    'Divide the unsent entries of each record into groups that can each be one change. What comes after a DELETE is '
    'another record under the same id, and a new unique identifier is taken in its turn, since it was another record''s.';

CREATE FUNCTION sffdw.merge_entries(connection sffdw.connection)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids    integer[];
    v_merged integer[];
BEGIN
    IF connection.write_algorithm <> 'merged' THEN
        RETURN 0;
    END IF;
    PERFORM sffdw.revive_inserts(connection);
    v_ids := sffdw.lock_mergeable(connection);
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM sffdw.strip_overtaken(connection, v_ids);
    -- In a statement after the one that locked them.
    EXECUTE format($query$
        WITH entry AS MATERIALIZED (
            SELECT g.*, count(*) OVER (PARTITION BY g.survivor_id) AS entry_count FROM sffdw.group_entries($2, $1) g
        ), latest AS (
            SELECT DISTINCT ON (e.survivor_id, v.key) e.survivor_id, v.key, v.value
            FROM entry e
            JOIN entry s ON s.id = e.survivor_id AND s.action <> 'DELETE'
            CROSS JOIN LATERAL %2$I.each(e."values"::%2$I.hstore) v
            WHERE e.entry_count > 1
            AND (s.action = 'UPDATE' OR e.id >= s.id)
            ORDER BY e.survivor_id, v.key, e.id DESC
        ), combined AS (
            SELECT a.survivor_id, %2$I.hstore(array_agg(a.key), array_agg(a.value))::text AS "values"
            FROM latest a
            GROUP BY a.survivor_id
        ), survivor AS (
            UPDATE %1$I._trigger_log l
            SET "values" = c."values",
                updated_at = clock_timestamp()
            FROM combined c
            WHERE l.id = c.survivor_id
        ), folded AS (
            UPDATE %1$I._trigger_log l
            SET state = 'MERGED',
                sf_message = format('merged into entry %%s', e.survivor_id),
                processed_at = clock_timestamp(),
                processed_tx = txid_current(),
                updated_at = clock_timestamp()
            FROM entry e
            WHERE l.id = e.id
            AND e.id <> e.survivor_id
            RETURNING l.id
        )
        SELECT coalesce(array_agg(f.id), '{}') FROM folded f
    $query$, connection.schema_name, connection.hstore_schema)
    INTO v_merged
    USING v_ids, connection;
    DELETE FROM sffdw.write_claim c
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (v_merged);
    RETURN cardinality(v_merged);
END
$function$;

COMMENT ON FUNCTION sffdw.merge_entries(sffdw.connection) IS
    'With merged writes: condense each group of unsent entries of a record into one, with its latest values; the others '
    'become MERGED. A change of a row whose INSERT was rejected becomes an INSERT of all its values. Return how many entries '
    'were merged. Raises lock_not_available.';

CREATE FUNCTION sffdw.revive_inserts(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_insert record;
    v_sfid   text;
BEGIN
    -- The oldest unsent change of each row that had no sfid and whose latest INSERT was rejected.
    FOR v_insert IN EXECUTE format($query$
        SELECT DISTINCT ON (l.table_name, l.record_id) l.id, l.table_name, l.record_id, r.id AS insert_id, r.is_archived,
               r."values"
        FROM %1$I._trigger_log l
        CROSS JOIN LATERAL (
            SELECT i.*
            FROM (
                SELECT o.id, o.table_name, o.record_id, o.action, o.state, o."values", false AS is_archived
                FROM %1$I._trigger_log o
                WHERE o.state IN ('NEW', 'PENDING', 'FAILED')
                UNION ALL
                SELECT o.id, o.table_name, o.record_id, o.action, o.state, o."values", true
                FROM %1$I._trigger_log_archive o
                WHERE o.state = 'FAILED'
            ) i
            WHERE i.table_name = l.table_name
            AND i.record_id = l.record_id
            AND i.action = 'INSERT'
            ORDER BY i.id DESC
            LIMIT 1
        ) r
        WHERE l.state = 'NEW'
        AND l.action = 'UPDATE'
        AND l.sfid IS NULL
        AND r.state = 'FAILED'
        AND r.id < l.id
        AND %2$s
        ORDER BY l.table_name, l.record_id, l.id
        LIMIT 500
    $query$, connection.schema_name, sffdw.held_filter(connection)) LOOP
        EXECUTE format('SELECT t.sfid FROM %I.%I t WHERE t.id = $1', connection.schema_name, v_insert.table_name)
        INTO v_sfid
        USING v_insert.record_id;
        CONTINUE WHEN v_sfid IS NOT NULL;
        EXECUTE format($query$
            UPDATE %1$I._trigger_log l
            SET action = 'INSERT',
                "values" = ($2::%2$I.hstore OPERATOR(%2$I.||) l."values"::%2$I.hstore)::text,
                updated_at = clock_timestamp()
            WHERE l.id = $1
            AND l.state = 'NEW'
        $query$, connection.schema_name, connection.hstore_schema)
        USING v_insert.id, v_insert."values";
        EXECUTE format('UPDATE %I.%I l SET state = %L, sf_message = concat_ws('' / '', l.sf_message, '
                       'format(''merged into entry %%s'', $2)), updated_at = clock_timestamp() WHERE l.id = $1',
                       connection.schema_name, CASE WHEN v_insert.is_archived THEN '_trigger_log_archive'
                                                    ELSE '_trigger_log' END,
                       CASE WHEN v_insert.is_archived THEN 'REQUEUED' ELSE 'MERGED' END)
        USING v_insert.insert_id, v_insert.id;
        DELETE FROM sffdw.write_claim c
        WHERE c.connection_id = connection.connection_id
        AND c.entry_id = v_insert.insert_id;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.revive_inserts(sffdw.connection) IS
    'Turn changes of rows whose INSERT was rejected into INSERTs of all their values, which the rejected ones are merged '
    'into. Raises lock_not_available.';

COMMIT;
