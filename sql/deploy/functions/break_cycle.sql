-- Deploy sffdw:functions/break_cycle to pg
-- requires: functions/choose_entries

BEGIN;

CREATE FUNCTION sffdw.find_ring(entries sffdw.open_entry[], links sffdw.open_link[], OUT entry_id integer, OUT columns text[])
RETURNS record
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
-- All of these are as many as entries wait, which the planner does not know.
SET enable_nestloop = 'off'
AS $function$
    -- Only who names a row by its external id can wait for a younger entry: every ring goes through one of those. Of the
    -- oldest hundred, the first that waits, over others, for itself.
    WITH RECURSIVE entry AS MATERIALIZED (
        SELECT e.*, lag(e.entry_id) OVER (PARTITION BY e.table_name, e.record_id ORDER BY e.entry_id) AS older_id
        FROM unnest(entries) e
    ), named AS MATERIALIZED (
        SELECT k.entry_id AS waiting, p.entry_id AS awaited, k.column_name
        FROM unnest(links) k
        JOIN entry p ON p.table_name = k.parent_table AND p.record_id = k.parent_id AND p.is_first AND NOT p.is_pending
        WHERE k.parent_sfid IS NULL
    ), edge AS MATERIALIZED (
        SELECT n.waiting, n.awaited FROM named n
        UNION
        SELECT w.entry_id, w.waits_for
        FROM sffdw.find_waits(entries, links) w
        WHERE w.waits_for IS NOT NULL
        AND EXISTS (SELECT FROM named)
        UNION
        SELECT e.entry_id, e.older_id FROM entry e WHERE e.older_id IS NOT NULL AND EXISTS (SELECT FROM named)
    ), start AS (
        SELECT DISTINCT n.waiting FROM named n ORDER BY n.waiting LIMIT 100
    ), reached (waiting, column_name, awaited) AS (
        SELECT n.waiting, n.column_name, n.awaited FROM named n JOIN start s ON s.waiting = n.waiting
        UNION
        SELECT r.waiting, r.column_name, e.awaited FROM reached r JOIN edge e ON e.waiting = r.awaited
    )
    SELECT r.waiting, array_agg(DISTINCT r.column_name)
    FROM reached r
    WHERE r.waiting = r.awaited
    GROUP BY r.waiting
    ORDER BY r.waiting
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.find_ring(sffdw.open_entry[], sffdw.open_link[]) IS
    'Return the oldest entry that waits for a row which it names and which in the end, over links, identifiers and older '
    'changes, waits for it, and the columns by which it does; NULL: there is none.';

CREATE FUNCTION sffdw.find_cycle(connection sffdw.connection, OUT entry_id integer, OUT columns text[])
RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entries sffdw.open_entry[];
    v_ids     integer[];
    v_links   sffdw.open_link[];
BEGIN
    EXECUTE format('SELECT array_agg(l.id) FROM %I._trigger_log l WHERE l.state = ''NEW'' AND l.action <> ''DELETE''',
                   connection.schema_name)
    INTO v_ids;
    v_links := ARRAY(SELECT k FROM sffdw.links_by_row(connection, v_ids) k);
    -- However many wait for rejected rows: no ring goes through them.
    IF NOT EXISTS (SELECT FROM unnest(v_links) k WHERE k.parent_sfid IS NULL AND k.lastop IS DISTINCT FROM 'FAILED') THEN
        RETURN;
    END IF;
    v_entries := ARRAY(SELECT e FROM sffdw.open_entries(connection, NULL) e);
    v_ids := ARRAY(SELECT e.entry_id FROM unnest(v_entries) e);
    v_links := v_links || ARRAY(
        SELECT k
        FROM sffdw.links_by_id(connection, v_ids, ARRAY(
            SELECT DISTINCT e.sfid FROM unnest(v_entries) e WHERE e.sfid IS NOT NULL)) k
    );
    SELECT r.entry_id, r.columns INTO entry_id, columns FROM sffdw.find_ring(v_entries, v_links) r;
END
$function$;

COMMENT ON FUNCTION sffdw.find_cycle(sffdw.connection) IS
    'Return the oldest unsent entry that in the end waits for itself, and the columns by which it names rows on the way; '
    'NULL: there is none.';

CREATE FUNCTION sffdw.split_entry(connection sffdw.connection, entry_id integer, columns text[])
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
                                           sfid, "values")
            SELECT e.txid, e.created_at, NULL, 'NEW', 'UPDATE', e.table_name, e.record_id,
                   (coalesce(e.old::%2$I.hstore, '') OPERATOR(%2$I.||)
                    (e."values"::%2$I.hstore OPERATOR(%2$I.-) $2))::text,
                   e.sfid, %2$I.slice(e."values"::%2$I.hstore, c.columns)::text
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
                    AND y.id > e.id
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

COMMENT ON FUNCTION sffdw.split_entry(sffdw.connection, integer, text[]) IS
    'Make of an INSERT or UPDATE two entries: itself without these columns, and an UPDATE with them that follows. Return '
    'false if the row or the entry is held by another session.';

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
    RETURN v_entry IS NOT NULL AND sffdw.split_entry(connection, v_entry, v_columns);
END
$function$;

COMMENT ON FUNCTION sffdw.break_cycle(sffdw.connection) IS
    'Where entries wait for each other, have the oldest sent without what it refers to, and that afterwards. Return whether '
    'there was such a one.';

COMMIT;
