-- Deploy sffdw:functions/choose_entries to pg
-- requires: functions/entry_links
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
    passing_count integer,
    attempt_count integer,
    status_code   text,
    is_suspect    boolean
);

COMMENT ON TYPE sffdw.open_entry IS
    'An entry of the trigger log that is not settled: the value of the unique identifier that its row had before and '
    'has now, of one sent before a record that it refers to, whether it is the oldest of its record and may be sent.';

CREATE FUNCTION sffdw.is_suspect(http_status integer, status_code text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The rule "servers failed" of _retry_rules.
    SELECT coalesce(http_status >= 500 OR status_code = 'UNREADABLE'
                    OR http_status IS NULL AND status_code IN ('TIMEOUT', 'CUT'), false);
$function$;

COMMENT ON FUNCTION sffdw.is_suspect(integer, text) IS
    'Whether a request met a failure of Salesforce''s servers, or of what stands before them, which may be due to one of '
    'its records: a status of 500 and more, an answer that is not the API''s, none at all.';

CREATE FUNCTION sffdw.open_entries(connection sffdw.connection, scan_limit integer)
RETURNS SETOF sffdw.open_entry
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT l.id, l.table_name::text, l.record_id, l.action::text, l.sfid::text,
               nullif(btrim(l.old::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text), ''),
               nullif(btrim(l."values"::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text), ''),
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
               coalesce(c.passing_count, 0), coalesce(c.attempt_count, 0), c.status_code,
               c.status_code IS NOT NULL AND sffdw.is_suspect(c.http_status, c.status_code)
        FROM (
            -- Each by its index: those that wait behind them are not read.
            (
                SELECT l.*
                FROM %1$I._trigger_log l
                WHERE l.state = 'NEW'
                AND %3$s
                AND %4$s
                ORDER BY l.id
                LIMIT $1
            )
            UNION ALL
            SELECT l.*
            FROM (
                SELECT p.entry_id
                FROM sffdw.write_claim p
                WHERE p.connection_id = $2
                AND p.phase IN ('claimed', 'doubtful', 'answered')
                OFFSET 0
            ) p
            JOIN %1$I._trigger_log l ON l.id = p.entry_id
            WHERE l.state = 'PENDING'
            AND %4$s
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
    'Return the oldest unsent entries of the trigger log, those held for a person apart, at most that many, NULL: all; and '
    'those in flight, apart from those in Bulk jobs.';

CREATE FUNCTION sffdw.has_candidates(connection sffdw.connection)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has boolean;
BEGIN
    EXECUTE format($query$
        SELECT EXISTS (
            SELECT
            FROM %1$I._trigger_log l
            WHERE l.state = 'NEW'
            AND %2$s
            AND %3$s
            AND %4$s
            AND l.id NOT IN (
                SELECT c.entry_id
                FROM sffdw.write_claim c
                WHERE c.connection_id = $1
                AND c.phase = 'waiting'
                AND c.next_try_at > clock_timestamp()
            )
        )
    $query$, connection.schema_name, sffdw.held_filter(connection), sffdw.job_filter(connection),
        sffdw.job_order(connection))
    INTO v_has
    USING connection.connection_id;
    RETURN v_has;
END
$function$;

COMMENT ON FUNCTION sffdw.has_candidates(sffdw.connection) IS
    'Whether any unsent entry neither is held for a person, nor awaits a Bulk job or its next try: then it is worth '
    'looking whether it waits for another one.';

CREATE FUNCTION sffdw.find_waits(entries sffdw.open_entry[], links sffdw.open_link[])
RETURNS TABLE (entry_id integer, waits_for integer, reason text)
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
    SELECT k.entry_id, NULL::integer, sffdw.describe_wait(k.k)
    FROM link k
    WHERE k.parent_sfid IS NULL
    UNION ALL
    SELECT e.entry_id, g.entry_id, format('entry %s gives up the value that it takes', g.entry_id)
    FROM entry e
    JOIN given g ON g.table_name = e.table_name AND g.given_up = e.taken AND g.entry_id < e.entry_id
    WHERE e.is_first
    UNION ALL
    SELECT k.entry_id, o.entry_id, format('entry %s, of the record that it refers to, is older', o.entry_id)
    FROM link k
    JOIN entry o ON o.sfid = k.parent_sfid AND o.is_first AND o.entry_id < k.entry_id
    UNION ALL
    SELECT e.entry_id, r.entry_id, format('entry %s, which refers to its record, is older', r.entry_id)
    FROM entry e
    JOIN referring r ON r.parent_sfid = e.sfid AND r.entry_id < e.entry_id
    WHERE e.is_first;
$function$;

COMMENT ON FUNCTION sffdw.find_waits(sffdw.open_entry[], sffdw.open_link[]) IS
    'Return which entries must wait for other records, and why: for an older entry, or, where waits_for is NULL, for a row to be '
    'in Salesforce.';

CREATE FUNCTION sffdw.request_size(attempt_count integer, status_code text, is_suspect boolean DEFAULT false)
RETURNS integer
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The rules "record locked" and "servers failed" of _retry_rules.
    SELECT CASE
        WHEN NOT is_suspect AND coalesce(status_code, '') NOT IN ('UNABLE_TO_LOCK_ROW', 'QUERY_TIMEOUT', 'TIMEOUT') THEN 200
        ELSE (ARRAY[200, 50, 10, 1])[least(greatest(attempt_count, 1), 4)]
    END;
$function$;

COMMENT ON FUNCTION sffdw.request_size(integer, text, boolean) IS
    'Return with how many records an entry may share a Collection at an attempt, by what became of the one before: what '
    'met a lock, or a failure of the servers, goes in ever smaller company, then alone.';

CREATE FUNCTION sffdw.know_sfids(connection sffdw.connection, entries sffdw.open_entry[])
RETURNS sffdw.open_entry[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table record;
    v_row   record;
    v_known jsonb := '{}';
BEGIN
    FOR v_table IN
        SELECT e.table_name, array_agg(e.record_id) AS ids, array_agg(e.entry_id) AS entry_ids
        FROM unnest(entries) e
        WHERE e.sfid IS NULL
        AND e.action = 'UPDATE'
        AND e.is_first
        AND to_regclass(format('%I.%I', connection.schema_name, e.table_name)) IS NOT NULL
        GROUP BY e.table_name
    LOOP
        EXECUTE format($query$
            SELECT coalesce(jsonb_object_agg(c.entry_id, t.sfid), '{}') AS sfids
            FROM unnest($1, $2) c (entry_id, row_id)
            JOIN %I.%I t ON t.id = c.row_id AND t.sfid IS NOT NULL
        $query$, connection.schema_name, v_table.table_name)
        INTO v_row
        USING v_table.entry_ids, v_table.ids;
        v_known := v_known || v_row.sfids;
    END LOOP;
    IF v_known = '{}' THEN
        RETURN entries;
    END IF;
    RETURN ARRAY(
        SELECT ROW(e.entry_id, e.table_name, e.record_id, e.action, coalesce(e.sfid, v_known ->> e.entry_id::text),
                   e.given_up, e.taken, e.parent, e.is_first, e.is_pending, e.is_due, e.awaits_job, e.passing_count,
                   e.attempt_count, e.status_code, e.is_suspect)::sffdw.open_entry
        FROM unnest(entries) e
    );
END
$function$;

COMMENT ON FUNCTION sffdw.know_sfids(sffdw.connection, sffdw.open_entry[]) IS
    'Return the entries with the sfids that their rows have got since they were captured: what refers to those records '
    'keeps its order with them.';

CREATE FUNCTION sffdw.judge_entries(connection sffdw.connection, scan_limit integer)
RETURNS TABLE (
    entry_id     integer,
    table_name   text,
    action       text,
    has_key      boolean,
    request_size integer,
    is_suspect   boolean,
    parent       text,
    held_reason  text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entries sffdw.open_entry[] := sffdw.know_sfids(
        connection, ARRAY(SELECT e FROM sffdw.open_entries(connection, scan_limit) e));
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
           CASE WHEN e.status_code IS NULL THEN 200
                WHEN e.is_suspect THEN sffdw.request_size(e.attempt_count + 1, e.status_code, true)
                ELSE sffdw.request_size(e.passing_count + 1, e.status_code) END,
           e.is_suspect, e.parent,
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
    -- wherever they stand in the log. What was refused for a lock is sorted by what it refers to. What servers failed at
    -- goes last, and what they failed at often the very last, lest it keep back the others.
    WITH chosen AS (
        SELECT j.*
        FROM sffdw.judge_entries(connection, scan_limit) j
        WHERE j.held_reason IS NULL
        LIMIT sffdw.sync_setting(connection.options, 'write_batch_size')
    ), numbered AS (
        SELECT c.*,
               row_number() OVER (PARTITION BY c.table_name, c.action, c.has_key, c.request_size, c.is_suspect
                                  ORDER BY c.parent, c.entry_id) AS place
        FROM chosen c
    ), grouped AS (
        SELECT n.*,
               min(n.entry_id) OVER (PARTITION BY n.table_name, n.action, n.has_key, n.request_size, n.is_suspect,
                                     (n.place - 1) / n.request_size) AS group_id
        FROM numbered n
    ), ranked AS (
        SELECT g.*, dense_rank() OVER (
                   PARTITION BY g.is_suspect
                   ORDER BY CASE WHEN g.is_suspect THEN -g.request_size END, g.group_id) AS group_number
        FROM grouped g
    )
    SELECT array_agg(r.entry_id ORDER BY r.is_suspect, r.group_number, r.place)
    FROM ranked r
    -- Five Collections a Composite request; of suspects each has a request of its own.
    WHERE r.group_number <= CASE WHEN r.is_suspect THEN 1 ELSE 5 END
                            * sffdw.sync_setting(connection.options, 'write_batch_calls');
$function$;

COMMENT ON FUNCTION sffdw.choose_entries(sffdw.connection, integer) IS
    'Return the oldest entries that can be sent now, of each record the oldest open one, as many as fit a few '
    'requests, in the order in which they are sent; looks at that many open entries, NULL for all.';

COMMIT;
