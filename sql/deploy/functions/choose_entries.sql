-- Deploy sffdw:functions/choose_entries to pg
-- requires: functions/hold_writes
-- requires: functions/job_filter
-- requires: functions/sync_setting
-- requires: tables/mapping_field
-- requires: tables/write_claim

BEGIN;

CREATE TYPE sffdw.open_entry AS (
    entry_id      integer,
    table_name    text,
    record_id     integer,
    action        text,
    sfid          text,
    given_up      text,
    taken         text,
    parent        text,
    is_first      boolean,
    is_pending    boolean,
    is_due        boolean,
    awaits_job    boolean,
    attempt_count integer,
    status_code   text
);

COMMENT ON TYPE sffdw.open_entry IS
    'An entry of the trigger log that is not settled: the value of the unique identifier that its row had before and '
    'has now, of one sent before a record that it refers to, whether it is the oldest of its record and may be sent.';

CREATE FUNCTION sffdw.open_entries(connection sffdw.connection, scan_limit integer)
RETURNS SETOF sffdw.open_entry
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT l.id, l.table_name::text, l.record_id, l.action::text, l.sfid::text,
               l.old::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text,
               l."values"::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text,
               CASE WHEN c.attempt_count > 0 THEN (
                   SELECT coalesce(l."values"::%2$I.hstore OPERATOR(%2$I.->) f.column_name::text,
                                   l.old::%2$I.hstore OPERATOR(%2$I.->) f.column_name::text) AS parent
                   FROM sffdw.mapping_field f
                   WHERE f.mapping_id = m.mapping_id
                   AND f.sf_type = 'reference'
                   AND f.field_name NOT IN ('OwnerId', 'RecordTypeId', 'CreatedById', 'LastModifiedById')
                   ORDER BY parent NULLS LAST
                   LIMIT 1
               ) END,
               row_number() OVER (PARTITION BY l.table_name, l.record_id ORDER BY l.id) = 1,
               l.state = 'PENDING', coalesce(c.next_try_at, '-infinity') <= clock_timestamp(), NOT (%5$s),
               coalesce(c.attempt_count, 0), c.status_code
        FROM (
            SELECT *
            FROM %1$I._trigger_log l
            WHERE state IN ('NEW', 'PENDING')
            AND %3$s
            AND %4$s
            ORDER BY id
            LIMIT $1
        ) l
        LEFT JOIN sffdw.write_claim c ON c.connection_id = $2 AND c.entry_id = l.id
        LEFT JOIN sffdw.mapping m ON m.connection_id = $2 AND m.table_name = l.table_name
        LEFT JOIN sffdw.mapping_field i ON i.mapping_id = m.mapping_id AND i.field_name = m.unique_identifier
    $query$, connection.schema_name, connection.hstore_schema, sffdw.held_filter(connection),
        sffdw.job_filter(connection), sffdw.job_order(connection))
    USING scan_limit, connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.open_entries(sffdw.connection, integer) IS
    'Return the oldest unsettled entries of the trigger log, those held for a person apart, at most that many; NULL: all.';

CREATE FUNCTION sffdw.linked_columns(connection_id integer)
RETURNS TABLE (table_name text, column_name text, parent_table text, parent_column text, parent_type text, is_sent boolean)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.table_name, f.column_name, p.table_name, k.column_name, k.pg_type, p.access = 'read_write'
    FROM sffdw.mapping m
    JOIN sffdw.mapping_field f ON f.mapping_id = m.mapping_id AND f.target_object IS NOT NULL
    JOIN sffdw.mapping p ON p.connection_id = m.connection_id AND p.object_name = f.target_object
    JOIN sffdw.mapping_field k ON k.mapping_id = p.mapping_id AND k.field_name = split_part(f.field_name, '.', 2)
    WHERE m.connection_id = linked_columns.connection_id
    AND m.access = 'read_write';
$function$;

COMMENT ON FUNCTION sffdw.linked_columns(integer) IS
    'Return the columns that name another row by its external id, the column there that has it, and whether rows of that '
    'table are sent.';

CREATE TYPE sffdw.open_link AS (
    entry_id     integer,
    column_name  text,
    parent_sfid  text,
    parent_table text,
    parent_id    integer,
    lastop       text
);

COMMENT ON TYPE sffdw.open_link IS
    'That an entry refers to a record: by its Id, or by the external id of a local row, whose _hc_lastop is told.';

CREATE FUNCTION sffdw.links_by_id(connection sffdw.connection, entry_ids integer[], sfids text[])
RETURNS SETOF sffdw.open_link
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sfids = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT l.id, f.column_name::text, k.sfid, NULL::text, NULL::integer, NULL::text
        FROM (
            SELECT l.id, l.table_name, l."values"::%2$I.hstore AS new, l.old::%2$I.hstore AS old
            FROM %1$I._trigger_log l
            WHERE l.id = ANY ($1)
            OFFSET 0
        ) l
        JOIN sffdw.mapping m ON m.connection_id = $2 AND m.table_name = l.table_name
        JOIN sffdw.mapping_field f ON f.mapping_id = m.mapping_id AND f.sf_type = 'reference'
        CROSS JOIN LATERAL (
            SELECT l.new OPERATOR(%2$I.->) f.column_name::text
            UNION
            SELECT l.old OPERATOR(%2$I.->) f.column_name::text
        ) k (sfid)
        WHERE k.sfid = ANY ($3)
    $query$, connection.schema_name, connection.hstore_schema)
    USING entry_ids, connection.connection_id, sfids;
END
$function$;

COMMENT ON FUNCTION sffdw.links_by_id(sffdw.connection, integer[], text[]) IS
    'Return which of the entries refer, or referred, by a lookup column to one of these records.';

CREATE FUNCTION sffdw.links_by_row(connection sffdw.connection, entry_ids integer[])
RETURNS SETOF sffdw.open_link
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_link record;
BEGIN
    FOR v_link IN
        SELECT c.*
        FROM sffdw.linked_columns(connection.connection_id) c
        WHERE to_regclass(format('%I.%I', connection.schema_name, c.parent_table)) IS NOT NULL
    LOOP
        -- What a row referred to before matters only for the order among records that are in Salesforce. For a row that
        -- is never sent nothing waits: Salesforce says that it does not know it.
        RETURN QUERY EXECUTE format($query$
            SELECT l.id, %3$L::text, p.sfid::text, %4$L::text, p.id, p._hc_lastop::text
            FROM (
                SELECT l.id, l."values"::%2$I.hstore OPERATOR(%2$I.->) %3$L AS new,
                       l.old::%2$I.hstore OPERATOR(%2$I.->) %3$L AS old
                FROM %1$I._trigger_log l
                WHERE l.id = ANY ($1)
                AND l.table_name = %7$L
                OFFSET 0
            ) l
            CROSS JOIN LATERAL (VALUES (l.new, true), (nullif(l.old, l.new), false)) k (value, is_new)
            JOIN %1$I.%4$I p ON p.%5$I = k.value::%6$s AND (k.is_new AND %8$L OR p.sfid IS NOT NULL)
        $query$, connection.schema_name, connection.hstore_schema, v_link.column_name, v_link.parent_table,
            v_link.parent_column, v_link.parent_type, v_link.table_name, v_link.is_sent)
        USING entry_ids;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.links_by_row(sffdw.connection, integer[]) IS
    'Return which of the entries name a local row by its external id.';

CREATE FUNCTION sffdw.describe_wait(link sffdw.open_link)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format(CASE link.lastop
        WHEN 'FAILED' THEN 'Salesforce rejected the row %s of table "%s" that its column "%s" refers to'
        ELSE 'the row %s of table "%s" that its column "%s" refers to is not in Salesforce yet'
    END, link.parent_id, link.parent_table, link.column_name);
$function$;

COMMENT ON FUNCTION sffdw.describe_wait(sffdw.open_link) IS
    'Say why an entry that refers to a row without sfid waits.';

CREATE FUNCTION sffdw.find_waits(entries sffdw.open_entry[], links sffdw.open_link[])
RETURNS TABLE (entry_id integer, reason text)
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The order of two records matters where one takes the value of a unique identifier that the other gives up, and
    -- where one refers to the other. A row that names another waits for that one to be in Salesforce, however young.
    WITH entry AS MATERIALIZED (
        SELECT * FROM unnest(entries)
    ), link AS MATERIALIZED (
        SELECT k, k.* FROM unnest(links) k
    ), given AS (
        SELECT e.table_name, e.given_up, min(e.entry_id) AS entry_id
        FROM entry e
        WHERE e.given_up IS NOT NULL
        GROUP BY e.table_name, e.given_up
    ), referring AS (
        SELECT k.parent_sfid, min(k.entry_id) AS entry_id
        FROM link k
        WHERE k.parent_sfid IS NOT NULL
        GROUP BY k.parent_sfid
    )
    SELECT k.entry_id, sffdw.describe_wait(k.k)
    FROM link k
    WHERE k.parent_sfid IS NULL
    UNION ALL
    SELECT e.entry_id, format('entry %s gives up the value that it takes', g.entry_id)
    FROM entry e
    JOIN given g ON g.table_name = e.table_name AND g.given_up = e.taken AND g.entry_id < e.entry_id
    WHERE e.is_first
    UNION ALL
    SELECT k.entry_id, format('entry %s, of the record that it refers to, is older', o.entry_id)
    FROM link k
    JOIN entry o ON o.sfid = k.parent_sfid AND o.is_first AND o.entry_id < k.entry_id
    UNION ALL
    SELECT e.entry_id, format('entry %s, which refers to its record, is older', r.entry_id)
    FROM entry e
    JOIN referring r ON r.parent_sfid = e.sfid AND r.entry_id < e.entry_id
    WHERE e.is_first;
$function$;

COMMENT ON FUNCTION sffdw.find_waits(sffdw.open_entry[], sffdw.open_link[]) IS
    'Return which entries must wait for other records, and why.';

CREATE FUNCTION sffdw.request_size(attempt_count integer, status_code text)
RETURNS integer
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The rule "record locked" of _retry_rules.
    SELECT CASE
        WHEN coalesce(status_code, '') NOT IN ('UNABLE_TO_LOCK_ROW', 'QUERY_TIMEOUT', 'TIMEOUT') THEN 200
        ELSE (ARRAY[200, 50, 10, 1])[least(greatest(attempt_count, 1), 4)]
    END;
$function$;

COMMENT ON FUNCTION sffdw.request_size(integer, text) IS
    'Return with how many records an entry may share a Collection at an attempt, by what became of the one before: what '
    'met a lock goes in ever smaller company, then alone.';

CREATE FUNCTION sffdw.judge_entries(connection sffdw.connection, scan_limit integer)
RETURNS TABLE (
    entry_id     integer,
    table_name   text,
    action       text,
    has_key      boolean,
    request_size integer,
    parent       text,
    held_reason  text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entries sffdw.open_entry[] := ARRAY(SELECT e FROM sffdw.open_entries(connection, scan_limit) e);
    v_ids     integer[] := ARRAY(SELECT e.entry_id FROM unnest(v_entries) e);
    v_sfids   text[] := ARRAY(SELECT DISTINCT e.sfid FROM unnest(v_entries) e WHERE e.sfid IS NOT NULL);
    v_links   sffdw.open_link[] := ARRAY(
        SELECT k FROM sffdw.links_by_id(connection, v_ids, v_sfids) k
        UNION ALL
        SELECT k FROM sffdw.links_by_row(connection, v_ids) k
    );
BEGIN
    RETURN QUERY
    SELECT e.entry_id, e.table_name, e.action, e.action = 'INSERT' AND e.taken IS NOT NULL,
           CASE WHEN e.status_code IS NULL THEN 200 ELSE sffdw.request_size(e.attempt_count + 1, e.status_code) END,
           e.parent,
           CASE WHEN e.is_pending THEN 'it is being sent'
                WHEN NOT e.is_first THEN 'an older change of the same record is open'
                WHEN NOT e.is_due THEN concat_ws(': ', 'it is sent again after a pause', e.status_code)
                WHEN e.awaits_job THEN 'a Bulk job is open, and their order matters'
                ELSE w.reason END
    FROM unnest(v_entries) e
    LEFT JOIN (
        SELECT f.entry_id, min(f.reason) AS reason FROM sffdw.find_waits(v_entries, v_links) f GROUP BY f.entry_id
    ) w ON w.entry_id = e.entry_id
    ORDER BY e.entry_id;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_entries(sffdw.connection, integer) IS
    'Return the oldest unsettled entries, at most that many, NULL: all, with the reason why one must wait; NULL: it can '
    'be sent now.';

CREATE FUNCTION sffdw.choose_entries(connection sffdw.connection, scan_limit integer)
RETURNS integer[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Entries that can be sent now do not depend on each other: those of one table and action share Collections,
    -- wherever they stand in the log. What was refused for a lock is sorted by what it refers to.
    WITH chosen AS (
        SELECT j.*
        FROM sffdw.judge_entries(connection, scan_limit) j
        WHERE j.held_reason IS NULL
        LIMIT sffdw.sync_setting(connection.options, 'write_batch_size')
    ), numbered AS (
        SELECT c.*,
               row_number() OVER (PARTITION BY c.table_name, c.action, c.has_key, c.request_size
                                  ORDER BY c.parent, c.entry_id) AS place
        FROM chosen c
    ), grouped AS (
        SELECT n.*,
               min(n.entry_id) OVER (PARTITION BY n.table_name, n.action, n.has_key, n.request_size,
                                     (n.place - 1) / n.request_size) AS group_id
        FROM numbered n
    ), ranked AS (
        SELECT g.*, dense_rank() OVER (ORDER BY g.group_id) AS group_number
        FROM grouped g
    )
    SELECT array_agg(r.entry_id ORDER BY r.group_number, r.place)
    FROM ranked r
    -- Five Collections a Composite request.
    WHERE r.group_number <= 5 * sffdw.sync_setting(connection.options, 'write_batch_calls');
$function$;

COMMENT ON FUNCTION sffdw.choose_entries(sffdw.connection, integer) IS
    'Return the oldest entries that can be sent now, of each record the oldest open one, as many as fit a few '
    'requests, in the order in which they are sent; looks at that many open entries, NULL for all.';

COMMIT;
