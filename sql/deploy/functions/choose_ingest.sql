-- Deploy sffdw:functions/choose_ingest to pg
-- requires: functions/claim_entries
-- requires: functions/job_filter
-- requires: functions/make_request
-- requires: functions/pace_look
-- requires: functions/resolve_conflicts

BEGIN;

CREATE TYPE sffdw.ingest_run AS (
    table_name text,
    action     text,
    entry_ids  integer[]
);

COMMENT ON TYPE sffdw.ingest_run IS 'Entries of one table and action that may go out together, each of another record.';

CREATE FUNCTION sffdw.pause_ingest(connection_id integer, table_name text, until timestamptz, reason text)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO sffdw.ingest_pause AS p (connection_id, table_name, until, reason)
    VALUES (pause_ingest.connection_id, pause_ingest.table_name, pause_ingest.until, pause_ingest.reason)
    ON CONFLICT ON CONSTRAINT ingest_pause_pkey DO UPDATE
    SET until = excluded.until, reason = excluded.reason;
$function$;

COMMENT ON FUNCTION sffdw.pause_ingest(integer, text, timestamptz, text) IS
    'Make no Bulk jobs for a table, with an empty name for any, until then: what is there goes out in ordinary requests.';

CREATE FUNCTION sffdw.is_ingest_paused(connection_id integer, table_name text)
RETURNS boolean
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.ingest_pause p
        WHERE p.connection_id = is_ingest_paused.connection_id
        AND p.table_name = is_ingest_paused.table_name
        AND p.until > clock_timestamp()
    );
$function$;

COMMENT ON FUNCTION sffdw.is_ingest_paused(integer, text) IS 'Whether no Bulk job is made for a table, or for any.';

CREATE FUNCTION sffdw.find_ingest_run(connection sffdw.connection, threshold integer)
RETURNS sffdw.ingest_run
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_run sffdw.ingest_run;
BEGIN
    -- Free is the oldest entry of a record that was never tried. In ordered mode neighbours make a run, in merged mode
    -- all of a kind: inserts first, deletes last.
    EXECUTE format($query$
        WITH open_entry AS MATERIALIZED (
            SELECT l.id, l.table_name, l.action, l.state = 'PENDING' OR c.entry_id IS NOT NULL AS is_stuck,
                   l.state = 'NEW' AND c.entry_id IS NULL AND %4$s
                   AND row_number() OVER (PARTITION BY l.table_name, l.record_id ORDER BY l.id) = 1 AS is_free
            FROM (
                SELECT *
                FROM %1$I._trigger_log l
                WHERE l.state IN ('NEW', 'PENDING')
                AND %2$s
                AND %3$s
                ORDER BY l.id
                LIMIT $3
            ) l
            LEFT JOIN sffdw.write_claim c ON c.connection_id = $1 AND c.entry_id = l.id
        ), waiting AS MATERIALIZED (
            -- A row that names one which is not in Salesforce, rejected perhaps, waits for it.
            SELECT k.entry_id
            FROM sffdw.links_by_row($6, ARRAY(SELECT e.id FROM open_entry e WHERE e.is_free AND e.action <> 'DELETE')) k
            WHERE k.parent_sfid IS NULL
        ), free AS (
            SELECT e.id, e.table_name, e.action, (e.table_name, e.action) IS DISTINCT FROM
                   lag((e.table_name, e.action)) OVER (ORDER BY e.id) AS is_first
            FROM open_entry e
            WHERE e.is_free
            AND e.id NOT IN (SELECT w.entry_id FROM waiting w)
        ), run AS MATERIALIZED (
            SELECT n.table_name, n.action, n.run_number, array_agg(n.id ORDER BY n.id) AS ids, max(n.id) AS last_id,
                   CASE n.action WHEN 'INSERT' THEN 1 WHEN 'UPDATE' THEN 2 ELSE 3 END AS place
            FROM (
                SELECT f.*, CASE WHEN $4 THEN 1 ELSE count(*) FILTER (WHERE f.is_first) OVER (ORDER BY f.id) END
                       AS run_number
                FROM free f
            ) n
            WHERE n.run_number = 1
            GROUP BY n.table_name, n.action, n.run_number
        )
        SELECT r.table_name, r.action, r.ids[:$5]
        FROM run r
        WHERE cardinality(r.ids) >= $2
        AND NOT sffdw.is_ingest_paused($1, r.table_name)
        AND (r.action = 'INSERT' OR NOT sffdw.asks_first($1, r.table_name))
        AND NOT EXISTS (
            SELECT
            FROM open_entry o
            WHERE o.id < r.last_id
            AND (o.is_stuck AND (r.action = 'DELETE'
                                 OR r.action = 'INSERT' AND o.table_name = r.table_name AND o.action <> 'INSERT')
                 OR (o.is_stuck OR $4 AND o.table_name <> r.table_name)
                    AND o.action = 'INSERT' AND sffdw.names_related($1, r.table_name)
                 OR $4 AND r.action = 'DELETE' AND o.action <> 'DELETE')
        )
        ORDER BY r.place, r.ids[1]
        LIMIT 1
    $query$, connection.schema_name, sffdw.held_filter(connection), sffdw.job_filter(connection),
        sffdw.job_order(connection))
    INTO v_run
    USING connection.connection_id, threshold,
          greatest(4 * sffdw.sync_setting(connection.options, 'bulk_write_rows'), 2 * threshold),
          connection.write_algorithm = 'merged', sffdw.sync_setting(connection.options, 'bulk_write_rows'), connection;
    RETURN v_run;
END
$function$;

COMMENT ON FUNCTION sffdw.find_ingest_run(sffdw.connection, integer) IS
    'Return the entries of one table and action, as many as that at least, that may overtake no other and wait for no '
    'other; NULL: there are not so many.';

CREATE FUNCTION sffdw.names_related(connection_id integer, table_name text)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.mapping m
        JOIN sffdw.mapping_field f ON f.mapping_id = m.mapping_id AND f.field_name LIKE '%.%'
        WHERE m.connection_id = names_related.connection_id
        AND m.table_name = names_related.table_name
    );
$function$;

COMMENT ON FUNCTION sffdw.names_related(integer, text) IS
    'Whether a table has columns that name a related record by its external id.';

CREATE FUNCTION sffdw.flat_record(record jsonb)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_object_agg(
        CASE jsonb_typeof(e.value) WHEN 'object' THEN e.key || '.' || k.key ELSE e.key END,
        coalesce(nullif(CASE jsonb_typeof(e.value) WHEN 'object' THEN k.value ELSE e.value END #>> '{}', ''), '#N/A'))
    FROM jsonb_each(record) e
    LEFT JOIN LATERAL jsonb_each(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ELSE '{}' END) k ON true;
$function$;

COMMENT ON FUNCTION sffdw.flat_record(jsonb) IS 'Return a record as the rows of a Bulk job''s results show it.';

CREATE FUNCTION sffdw.fill_ingest(
    connection     sffdw.connection,
    run            sffdw.ingest_run,
    OUT job_number integer,
    OUT count      integer
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- All of these are as many as the job has rows, as in read_ingest.
SET enable_nestloop = 'off'
AS $function$
BEGIN
    -- A job has one operation. One of inserts has one set of fields besides: an empty value would keep Salesforce from
    -- giving the field its default. No row may name another of the same job, nor have the same key.
    EXECUTE format($query$
        WITH request AS MATERIALIZED (
            SELECT g.entry_id, g.record_id AS row_id, r.operation, r.external_id_field, r.record,
                   CASE WHEN r.operation = 'insert' THEN md5(sffdw.flat_record(r.record)::text)
                        ELSE r.record ->> coalesce(r.external_id_field, 'Id') END AS record_key,
                   CASE WHEN g.action = 'INSERT' THEN ARRAY(SELECT jsonb_object_keys(r.record)) END AS fields
            FROM unnest($2) g
            JOIN sffdw.make_all_requests($1, $2) r ON r.entry_id = g.entry_id
            JOIN sffdw.mapping m ON m.mapping_id = r.mapping_id
            WHERE r.final_state IS NULL
            AND r.record <> '{}'
            -- Which would mean null.
            AND NOT r.record @? '$.** ? (@ == "#N/A")'
            -- A record that gives up its identifier must not overtake the one that takes it.
            AND NOT (r.operation = 'update' AND coalesce(r.record ? m.unique_identifier, false))
            -- A related record that is no more named has no column to be named by.
            AND (r.operation = 'delete' OR NOT r.record @? '$.* ? (@ == null)' OR NOT EXISTS (
                SELECT
                FROM jsonb_each(r.record) e
                LEFT JOIN sffdw.mapping_field f ON f.mapping_id = r.mapping_id AND f.field_name = e.key
                WHERE e.value = 'null'
                AND f.field_name IS NULL
            ))
        ), named AS (
            SELECT DISTINCT k.key, k.value
            FROM request q
            CROSS JOIN LATERAL jsonb_each(q.record) e
            CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ELSE '{}' END) k
            WHERE q.record @? '$.* ? (@.type() == "object")'
        ), kind AS (
            SELECT q.operation, q.fields FROM request q GROUP BY q.operation, q.fields ORDER BY count(*) DESC LIMIT 1
        ), chosen AS MATERIALIZED (
            SELECT q.*, row_number() OVER (PARTITION BY q.operation <> 'insert', CASE WHEN q.operation = 'insert'
                       THEN q.entry_id::text ELSE lower(q.record_key) END ORDER BY q.entry_id) AS place,
                   sum(octet_length(q.record::text)) OVER (ORDER BY q.entry_id) AS size
            FROM request q
            JOIN kind k ON (k.operation, k.fields) IS NOT DISTINCT FROM (q.operation, q.fields)
            WHERE NOT EXISTS (SELECT FROM named n WHERE q.record -> n.key = n.value)
        ), taken AS MATERIALIZED (
            -- The planner takes what is chosen for one row: joined a second time it would be read once for each entry.
            SELECT c.*
            FROM chosen c
            JOIN %1$I._trigger_log l ON l.id = c.entry_id
            WHERE c.place = 1
            AND c.size < 80000000
            AND l.state = 'NEW'
            ORDER BY l.id
            FOR UPDATE OF l SKIP LOCKED
        ), job AS (
            INSERT INTO sffdw.ingest_job (
                connection_id, table_name, object_name, action, operation, external_id_field, batch_id, entry_count)
            SELECT m.connection_id, m.table_name, m.object_name, $3, k.operation,
                   CASE k.operation WHEN 'upsert' THEN m.unique_identifier END, gen_random_uuid(),
                   (SELECT count(*) FROM taken)
            FROM kind k
            JOIN sffdw.mapping m ON m.connection_id = $5 AND m.table_name = $4
            RETURNING job_number
        ), entered AS (
            INSERT INTO sffdw.ingest_record (
                job_number, entry_id, connection_id, table_name, row_id, record, record_key)
            SELECT j.job_number, t.entry_id, $5, $4, t.row_id, t.record, t.record_key
            FROM taken t
            CROSS JOIN job j
            RETURNING entry_id
        )
        SELECT (SELECT j.job_number FROM job j), (SELECT count(*) FROM entered)
    $query$, connection.schema_name)
    INTO job_number, count
    USING connection, ARRAY(SELECT g FROM sffdw.read_changes(connection, run.entry_ids) g), run.action,
          run.table_name, connection.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.fill_ingest(sffdw.connection, sffdw.ingest_run) IS
    'Enter a job with those entries of a run that one job can carry, and lock them; return the job, NULL if there is '
    'none, and how many they are.';

CREATE FUNCTION sffdw.claim_ingest(connection sffdw.connection, job_number integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = 'PENDING', updated_at = clock_timestamp()
        FROM sffdw.ingest_record g
        WHERE g.job_number = $1
        AND l.id = g.entry_id
    $query$, connection.schema_name)
    USING job_number;
    INSERT INTO sffdw.write_claim AS c (
        connection_id, entry_id, phase, batch_id, batch_position, claimant_pid, claimant_start, attempt_count)
    SELECT g.connection_id, g.entry_id, 'in_job', j.batch_id, row_number() OVER (ORDER BY g.entry_id), NULL, NULL, 1
    FROM sffdw.ingest_job j
    JOIN sffdw.ingest_record g ON g.job_number = j.job_number
    WHERE j.job_number = claim_ingest.job_number
    ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
    SET phase = excluded.phase, batch_id = excluded.batch_id, batch_position = excluded.batch_position,
        claimed_at = clock_timestamp(), doubtful_at = NULL, attempt_count = c.attempt_count + 1, next_try_at = NULL,
        asked_at = NULL, is_rejected = false, final_state = NULL, record_id = NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.claim_ingest(sffdw.connection, integer) IS 'Claim the entries of a new job: PENDING, in_job.';

CREATE FUNCTION sffdw.choose_ingest(connection sffdw.connection)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_threshold CONSTANT integer := sffdw.sync_setting(connection.options, 'bulk_write_threshold');
    v_id        CONSTANT integer := connection.connection_id;
    v_began_at  CONSTANT timestamptz := clock_timestamp();
    v_run       sffdw.ingest_run;
    v_filled    record;
BEGIN
    IF NOT sffdw.may_look(v_id, 'ingest') OR connection.paused_out OR connection.write_pause_until > clock_timestamp()
    OR sffdw.is_ingest_paused(v_id, '') OR NOT sffdw.has_unsent_beyond(connection, NULL, v_threshold - 1)
    OR sffdw.awaits_org(v_id) THEN
        RETURN false;
    END IF;
    PERFORM sffdw.hold_writes(connection);
    PERFORM sffdw.merge_entries(connection);
    v_run := sffdw.find_ingest_run(connection, v_threshold);
    -- In a statement after the one that chose them: whatever that one saw is counted here.
    IF v_run.table_name IS NULL OR v_run.table_name = ANY (sffdw.hold_writes(connection)) THEN
        PERFORM sffdw.pause_ingest(v_id, '', clock_timestamp() + interval '2 seconds', 'too few entries can go together');
        PERFORM sffdw.note_look(v_id, 'ingest', v_began_at);
        RETURN false;
    END IF;
    v_filled := sffdw.fill_ingest(connection, v_run);
    IF v_filled.count < least(v_threshold, sffdw.sync_setting(connection.options, 'bulk_write_rows')) THEN
        DELETE FROM sffdw.ingest_job j
        WHERE j.job_number = v_filled.job_number;
        PERFORM sffdw.pause_ingest(v_id, v_run.table_name, clock_timestamp() + interval '2 minutes',
                                   'too few entries have the same fields');
        RETURN false;
    END IF;
    PERFORM sffdw.claim_ingest(connection, v_filled.job_number);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_ingest(sffdw.connection) IS
    'Claim a run of bulk_write_threshold entries or more for a Bulk job. Return whether there is one.';

COMMIT;
