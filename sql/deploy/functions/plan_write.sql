-- Deploy sffdw:functions/plan_write to pg
-- requires: functions/check_metadata
-- requires: functions/choose_entries
-- requires: functions/choose_ingest
-- requires: functions/claim_entries
-- requires: functions/find_connection
-- requires: functions/hold_writes
-- requires: functions/make_request
-- requires: functions/merge_entries
-- requires: functions/prepare_entries
-- requires: functions/require_owner

BEGIN;

CREATE TYPE sffdw.planned_entry AS (
    entry_id    integer,
    place       integer,
    transport   text,
    operation   text,
    object_name text,
    held_reason text
);

COMMENT ON TYPE sffdw.planned_entry IS
    'An unsent entry and how it would be sent, place by place; or the reason why it is not sent now.';

CREATE FUNCTION sffdw.find_standstill(connection sffdw.connection)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN connection.state = 'RECOVERY' THEN 'the connection is in state RECOVERY: ' || coalesce(connection.last_error, '')
        WHEN connection.paused_out THEN 'writes are paused'
        WHEN connection.write_pause_until > clock_timestamp()
            THEN format('writes pause until %s: %s', connection.write_pause_until, connection.last_error)
        WHEN sffdw.awaits_org(connection.connection_id) THEN 'Salesforce was out of reach and is tried again soon'
    END;
$function$;

COMMENT ON FUNCTION sffdw.find_standstill(sffdw.connection) IS
    'Return why nothing of a connection is sent now; NULL: it is.';

CREATE FUNCTION sffdw.plan_holds(connection sffdw.connection, max_entries integer)
RETURNS sffdw.planned_entry[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
    v_reason  text;
    v_planned sffdw.planned_entry[] := '{}';
    v_held    sffdw.planned_entry[];
BEGIN
    FOR v_mapping IN
        SELECT m.* FROM sffdw.mapping m WHERE m.connection_id = connection.connection_id ORDER BY m.mapping_id
    LOOP
        CONTINUE WHEN NOT sffdw.holds_writes(v_mapping.mapping_id)
        AND NOT sffdw.has_unsent_beyond(connection, v_mapping.table_name, sffdw.hold_floor(connection, v_mapping));
        v_reason := (sffdw.weigh_writes(connection, v_mapping)).reason;
        CONTINUE WHEN v_reason IS NULL;
        EXECUTE format($query$
            SELECT array_agg(ROW(l.id, NULL, NULL, lower(l.action), $2, 'held: ' || $3)::sffdw.planned_entry)
            FROM (
                SELECT l.id, l.action
                FROM %I._trigger_log l
                WHERE l.state = 'NEW'
                AND l.table_name = $1
                ORDER BY l.id
                LIMIT $4
            ) l
        $query$, connection.schema_name)
        INTO v_held
        USING v_mapping.table_name, v_mapping.object_name, v_reason, max_entries;
        v_planned := v_planned || v_held;
    END LOOP;
    RETURN v_planned;
END
$function$;

COMMENT ON FUNCTION sffdw.plan_holds(sffdw.connection, integer) IS
    'Return the oldest entries of each mapping that waits for a person, or will when it is next looked at.';

CREATE FUNCTION sffdw.plan_jobs(connection sffdw.connection, held_objects text[], max_entries integer)
RETURNS sffdw.planned_entry[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_threshold CONSTANT integer := sffdw.sync_setting(connection.options, 'bulk_write_threshold');
    v_run       sffdw.ingest_run;
BEGIN
    IF NOT sffdw.is_ingest_paused(connection.connection_id, '')
    AND sffdw.has_unsent_beyond(connection, NULL, v_threshold - 1) THEN
        v_run := sffdw.find_ingest_run(connection, v_threshold);
    END IF;
    RETURN array(
        SELECT ROW(i.id, i.place, 'Bulk', r.operation, m.object_name, NULL)::sffdw.planned_entry
        FROM unnest(v_run.entry_ids[:max_entries]) WITH ORDINALITY i (id, place)
        JOIN sffdw.mapping m ON m.connection_id = connection.connection_id AND m.table_name = v_run.table_name
        JOIN sffdw.make_all_requests(connection, ARRAY(
            SELECT g FROM sffdw.read_changes(connection, v_run.entry_ids[:max_entries]) g)) r ON r.entry_id = i.id
        WHERE r.final_state IS NULL
        AND m.object_name <> ALL (held_objects)
        ORDER BY i.place
    );
END
$function$;

COMMENT ON FUNCTION sffdw.plan_jobs(sffdw.connection, text[], integer) IS
    'Return the entries that the next Bulk job would have, the first of them.';

CREATE FUNCTION sffdw.plan_merges(connection sffdw.connection, entry_ids integer[])
RETURNS TABLE (entry_id integer, reason text, is_due boolean)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT DISTINCT b.entry_id, 'nothing is sent, its row was deleted before it was sent', false
    FROM sffdw.entries_before_deletes(connection) b
    WHERE b.state = 'NEW'
    UNION ALL
    SELECT g.id, CASE WHEN g.survivor_id <> g.id THEN format('it is merged into entry %s', g.survivor_id) END,
           g.survivor_id = g.id AND g.is_leading
    FROM sffdw.group_entries(connection, entry_ids) g
    WHERE connection.write_algorithm = 'merged';
$function$;

COMMENT ON FUNCTION sffdw.plan_merges(sffdw.connection, integer[]) IS
    'Return what becomes of entries before anything is sent: those of rows that are deleted already, and with merged '
    'writes those that are merged into another, and those before which nothing of their record is left to be sent.';

CREATE FUNCTION sffdw.plan_requests(connection sffdw.connection, known integer[], scan_limit integer)
RETURNS SETOF sffdw.planned_entry
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_all    sffdw.connection := connection;
    v_chosen integer[];
    v_ids    integer[] := array(SELECT j.entry_id FROM sffdw.judge_entries(connection, scan_limit) j);
BEGIN
    -- As if one batch took them all.
    v_all.options := connection.options || jsonb_build_object('write_batch_size', 1000000, 'write_batch_calls', 1000000);
    v_chosen := sffdw.choose_entries(v_all, scan_limit);
    RETURN QUERY
    -- A DELETE that takes the place of older changes comes last: they have the places now.
    SELECT e.entry_id, coalesce(c.place, 1000000 + e.entry_id)::integer, 'REST', coalesce(r.operation, lower(e.action)),
           coalesce(r.object_name, e.table_name), CASE
               WHEN g.reason IS NOT NULL THEN g.reason
               WHEN e.held_reason IS NOT NULL AND NOT (coalesce(g.is_due, false) AND e.action = 'DELETE'
                                                       AND e.held_reason = 'an older change of the same record is open')
                   THEN e.held_reason
               WHEN r.final_state IS NOT NULL
                   THEN concat_ws(': ', 'nothing is sent, the entry becomes ' || r.final_state, r.status_code, r.message)
           END
    FROM sffdw.judge_entries(connection, scan_limit) e
    LEFT JOIN unnest(v_chosen) WITH ORDINALITY c (id, place) ON c.id = e.entry_id
    LEFT JOIN sffdw.plan_merges(connection, v_ids) g ON g.entry_id = e.entry_id
    JOIN sffdw.make_all_requests(connection, ARRAY(
        SELECT i FROM sffdw.read_changes(connection, v_ids) i
    )) r ON r.entry_id = e.entry_id
    WHERE e.entry_id <> ALL (known);
END
$function$;

COMMENT ON FUNCTION sffdw.plan_requests(sffdw.connection, integer[], integer) IS
    'Return the oldest unsettled entries but the known ones, with their requests or the reasons why they wait.';

CREATE FUNCTION sffdw.plan_write(
    max_entries     integer DEFAULT 1000,
    connection_name text DEFAULT 'salesforce'
)
RETURNS TABLE (
    "position"  integer,
    transport   text,
    operation   text,
    object_name text,
    entry_ids   integer[],
    held_reason text
)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection CONSTANT sffdw.connection := sffdw.find_connection(connection_name);
    v_standstill CONSTANT text := sffdw.find_standstill(v_connection);
    v_held       sffdw.planned_entry[];
    v_known      sffdw.planned_entry[];
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    v_held := sffdw.plan_holds(v_connection, max_entries);
    v_known := v_held || sffdw.plan_jobs(
        v_connection, array(SELECT DISTINCT h.object_name FROM unnest(v_held) h), max_entries);
    RETURN QUERY
    WITH planned AS MATERIALIZED (
        SELECT k.* FROM unnest(v_known) k
        UNION ALL
        SELECT r.*
        FROM sffdw.plan_requests(v_connection, array(SELECT k.entry_id FROM unnest(v_known) k), max_entries) r
    ), reasoned AS (
        SELECT p.entry_id, p.place, p.transport, p.operation, p.object_name,
               coalesce(p.held_reason, v_standstill) AS held_reason
        FROM planned p
        WHERE p.object_name NOT IN (SELECT h.object_name FROM unnest(v_held) h) OR p.held_reason IS NOT NULL
    ), run AS (
        -- A request is a run of one kind in the order of sending; 200 records are a Collection.
        SELECT s.*, row_number() OVER (ORDER BY s.transport = 'REST', s.place)
                    - row_number() OVER (PARTITION BY s.transport, s.operation, s.object_name ORDER BY s.place) AS run
        FROM reasoned s
        WHERE s.held_reason IS NULL
    ), piece AS (
        SELECT r.*, CASE r.transport WHEN 'Bulk' THEN 0 ELSE (row_number() OVER (
                   PARTITION BY r.transport, r.operation, r.object_name, r.run ORDER BY r.place) - 1) / 200 END AS piece
        FROM run r
    ), request AS (
        SELECT c.transport, c.operation, c.object_name, array_agg(c.entry_id ORDER BY c.place) AS entry_ids,
               row_number() OVER (ORDER BY c.transport = 'REST', min(c.place))::integer AS place
        FROM piece c
        GROUP BY c.transport, c.operation, c.object_name, c.run, c.piece
    )
    SELECT q.place, q.transport, q.operation, q.object_name, q.entry_ids, NULL::text
    FROM request q
    UNION ALL
    (SELECT NULL, NULL, s.operation, s.object_name, array_agg(s.entry_id ORDER BY s.entry_id), s.held_reason
     FROM reasoned s
     WHERE s.held_reason IS NOT NULL
     GROUP BY s.operation, s.object_name, s.held_reason
     ORDER BY min(s.entry_id))
    ORDER BY 1;
END
$function$;

COMMENT ON FUNCTION sffdw.plan_write(integer, text) IS
    'Show what sffdw.write would send as things stand, of that many of the oldest entries: requests in their order, and '
    'what waits, with the reason. Nothing is called, claimed or changed. Raises insufficient_privilege, undefined_object.';

COMMIT;
