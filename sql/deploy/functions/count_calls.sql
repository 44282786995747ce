-- Deploy sffdw:functions/count_calls to pg
-- requires: functions/open_table
-- requires: tables/api_call

BEGIN;

CREATE TYPE sffdw.call_total AS (
    day         date,
    object_name text,
    purpose     text,
    ledger_id   text,
    call_count  bigint,
    row_count   bigint,
    byte_count  bigint
);

COMMENT ON TYPE sffdw.call_total IS 'API calls of a day for a purpose, with the records and bytes that they moved.';

CREATE FUNCTION sffdw.read_calls(server_name name, live_schema_name name, since date)
RETURNS SETOF sffdw.call_total
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sffdw.open_table(live_schema_name, '_calls', true) IS NULL
    OR NOT EXISTS (
        SELECT
        FROM pg_user_mappings u
        WHERE u.srvname = read_calls.server_name
        AND (u.umuser = 0 OR u.usename = current_user)
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT c.day, c.object_name, c.purpose, c.ledger_id, c.call_count, c.row_count, c.byte_count '
        'FROM %I._calls c WHERE c.since = %L', live_schema_name, coalesce(to_char(since, 'YYYY-MM-DD'), '0001-01-01'));
END
$function$;

COMMENT ON FUNCTION sffdw.read_calls(name, name, date) IS
    'Return the totals that backends have counted since a day, NULL for all that are kept; nothing to a role that '
    'does not own the connection''s live tables or has no user mapping.';

CREATE FUNCTION sffdw.count_calls(connection sffdw.connection, since date)
RETURNS SETOF sffdw.call_total
LANGUAGE plpgsql
STABLE
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_folded_until date;
BEGIN
    SELECT max(a.day)
    INTO v_folded_until
    FROM sffdw.api_call a
    WHERE a.connection_id = connection.connection_id
    AND a.ledger_id NOT IN ('', 'before');
    RETURN QUERY
    SELECT t.day, t.object_name, t.purpose, NULL::text, sum(t.call_count)::bigint, sum(t.row_count)::bigint,
           sum(t.byte_count)::bigint
    FROM (
        SELECT DISTINCT ON (e.day, e.object_name, e.purpose, e.ledger_id) e.*
        FROM (
            SELECT 2 AS age, a.day, a.object_name, a.purpose, a.ledger_id, a.call_count, a.row_count, a.byte_count
            FROM sffdw.api_call a
            WHERE a.connection_id = connection.connection_id
            AND (since IS NULL OR a.day >= since)
            UNION ALL
            SELECT 1, r.*
            FROM sffdw.read_calls(connection.server_name, connection.live_schema_name,
                                  greatest(since, v_folded_until)) r
        ) e
        ORDER BY e.day, e.object_name, e.purpose, e.ledger_id, e.age
    ) t
    GROUP BY t.day, t.object_name, t.purpose
    HAVING sum(t.call_count) > 0;
END
$function$;

COMMENT ON FUNCTION sffdw.count_calls(sffdw.connection, date) IS
    'Return a connection''s API calls since a day, NULL for all: what maintain has copied and, to its owner, what came '
    'since. Connections that share server and user count together.';

CREATE FUNCTION sffdw.utc_day()
RETURNS date
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date;
$function$;

COMMENT ON FUNCTION sffdw.utc_day() IS 'Return the day that API calls made now are counted on.';

CREATE FUNCTION sffdw.fold_calls(connection sffdw.connection)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Totals replace totals: a copy that dies has neither lost nor doubled anything when it is made again.
    INSERT INTO sffdw.api_call AS a (
        connection_id, day, object_name, purpose, ledger_id, call_count, row_count, byte_count)
    SELECT connection.connection_id, r.day, r.object_name, r.purpose, r.ledger_id, r.call_count, r.row_count,
           r.byte_count
    FROM sffdw.read_calls(connection.server_name, connection.live_schema_name, (
        SELECT max(f.day)
        FROM sffdw.api_call f
        WHERE f.connection_id = connection.connection_id
        AND f.ledger_id NOT IN ('', 'before'))) r
    ON CONFLICT ON CONSTRAINT api_call_key DO UPDATE
    SET call_count = excluded.call_count,
        row_count = excluded.row_count,
        byte_count = excluded.byte_count
    WHERE (a.call_count, a.row_count, a.byte_count)
          <> (excluded.call_count, excluded.row_count, excluded.byte_count);
    -- A year and a month, to compare with last year's.
    DELETE FROM sffdw.api_call a
    WHERE a.connection_id = connection.connection_id
    AND a.day < sffdw.utc_day() - 400;
$function$;

COMMENT ON FUNCTION sffdw.fold_calls(sffdw.connection) IS
    'Copy what backends have counted into api_call, and forget what is older than 400 days.';

CREATE FUNCTION sffdw.exclude_calls(connection_id integer, totals sffdw.call_total[])
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO sffdw.api_call (
        connection_id, day, object_name, purpose, ledger_id, call_count, row_count, byte_count)
    SELECT connection_id, t.day, t.object_name, t.purpose, 'before', -sum(t.call_count), -sum(t.row_count),
           -sum(t.byte_count)
    FROM unnest(totals) t
    GROUP BY t.day, t.object_name, t.purpose;
$function$;

COMMENT ON FUNCTION sffdw.exclude_calls(integer, sffdw.call_total[]) IS
    'Have totals that were counted before a connection was made taken off its own.';

CREATE FUNCTION sffdw.own_calls(connection sffdw.connection, OUT call_count bigint, OUT byte_count bigint)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        SELECT coalesce(sum(c.call_count), 0), coalesce(sum(c.byte_count), 0)
        FROM %I._calls c
        WHERE c.backend = 'true'
        AND c.purpose <> 'session'
    $query$, connection.live_schema_name)
    INTO call_count, byte_count;
END
$function$;

COMMENT ON FUNCTION sffdw.own_calls(sffdw.connection) IS
    'Return how many API calls this session has made since it began, logins aside: the difference of two answers is '
    'what a step has cost, even one that was rolled back.';

COMMIT;
