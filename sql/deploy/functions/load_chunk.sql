-- Deploy sffdw:functions/load_chunk to pg
-- requires: functions/build_index
-- requires: functions/change_channel
-- requires: functions/check_call_cap
-- requires: functions/load_job
-- requires: functions/load_rule
-- requires: functions/next_turn
-- requires: functions/plan_load
-- requires: functions/replace_rows
-- requires: functions/spare_overlap

BEGIN;

CREATE FUNCTION sffdw.can_insert_plainly(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_plain boolean := chunk.job_count = 1 AND mapping.load_sweeps;
BEGIN
    IF v_is_plain THEN
        -- What an app inserts from now on is sent after the job has read its rows: it cannot be among them.
        EXECUTE format($query$
            SELECT NOT EXISTS (SELECT FROM %1$s t WHERE t.sfid IS NULL)
            AND NOT EXISTS (
                SELECT
                FROM %2$I._trigger_log l
                WHERE l.table_name = $1
                AND (l.state IN ('NEW', 'PENDING', 'FAILED') OR l.action = 'DELETE' OR l.processed_at >= $2)
            )
        $query$, sffdw.mapped_table(connection, mapping), connection.schema_name)
        INTO v_is_plain
        USING mapping.table_name, chunk.job_created_at;
    END IF;
    RETURN v_is_plain;
END
$function$;

COMMENT ON FUNCTION sffdw.can_insert_plainly(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Whether the records of a page can only be new: the table was empty when the load began, no local row waits for its '
    'Id and no local change for its answer. Should one be there all the same, the unique index refuses it.';

CREATE FUNCTION sffdw.insert_plainly(run_search_path text, statement text)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
-- As merge_chunk: no search_path of its own, for the app's triggers run in it.
SET xmlbinary = 'hex'
AS $function$
DECLARE
    v_path  CONSTANT text := pg_catalog.current_setting('search_path');
    v_count bigint;
BEGIN
    PERFORM pg_catalog.set_config('search_path', run_search_path, true);
    EXECUTE statement;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    SET LOCAL xmlbinary = 'hex';
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM pg_catalog.set_config('search_path', v_path, true);
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.insert_plainly(text, text) IS
    'Run an INSERT into a mapped table and return its number of rows. Raises whatever the table raises.';

CREATE FUNCTION sffdw.insert_page(connection sffdw.connection, mapping sffdw.mapping, condition text)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_names       text;
    v_expressions text;
    v_count       bigint;
BEGIN
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(c.expression, ', ')
    INTO STRICT v_names, v_expressions
    FROM sffdw.merge_columns(connection, mapping) c;
    v_count := sffdw.insert_plainly(connection.run_search_path, format(
        'INSERT INTO %s (%s, _hc_lastop) SELECT %s, ''SYNCED'' FROM %s l WHERE %s%s%s',
        sffdw.mapped_table(connection, mapping), v_names, v_expressions, sffdw.live_table(connection, mapping),
        condition,
        sffdw.live_expression(connection, mapping, 'isdeleted', ' AND l.isdeleted IS NOT TRUE', ''),
        coalesce(' AND (' || mapping.filter_expression || ') IS TRUE', '')));
    IF v_count > 0 THEN
        PERFORM pg_notify(sffdw.change_channel(connection.schema_name, mapping.table_name),
                          format('{"many": %s}', v_count));
    END IF;
    RETURN v_count;
EXCEPTION WHEN OTHERS THEN
    -- What is wrong with the server or with Salesforce is no row's fault. A merge finds out whether all are alike.
    IF left(SQLSTATE, 2) IN ('53', '57', '58', 'XX', 'SF', 'HV') THEN
        RAISE;
    END IF;
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.insert_page(sffdw.connection, sffdw.mapping, text) IS
    'Insert a page of new records straight into the local table and return their number; NULL, and no row, if the table '
    'refuses one.';

CREATE FUNCTION sffdw.page_rows(connection sffdw.connection, mapping sffdw.mapping)
RETURNS integer
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT greatest(200, least(50000, sffdw.sync_setting(connection.options, 'bulk_page_values') / count(*)))::integer
    FROM sffdw.merge_columns(connection, mapping);
$function$;

COMMENT ON FUNCTION sffdw.page_rows(sffdw.connection, sffdw.mapping) IS
    'Return how many rows a page of a job''s result is asked for with: fewer of wide objects, so that a statement stays '
    'short.';

CREATE FUNCTION sffdw.first_page_rows(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Long texts are seldom as long as they may be. The longest rich text of Salesforce has 131,072 characters.
    SELECT greatest(200, 4 * sffdw.sync_setting(connection.options, 'bulk_page_bytes')::bigint / sum(l.length))
    FROM pg_attribute a
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.atttypid = 'text'::regtype THEN 131072 ELSE a.atttypmod - 4 END AS length
    ) l
    WHERE a.attrelid = sffdw.mapped_table(connection, mapping)::regclass
    AND a.attnum > 0
    AND a.attname <> '_hc_err'
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
    AND l.length > 1000
    HAVING count(*) > 0;
$function$;

COMMENT ON FUNCTION sffdw.first_page_rows(sffdw.connection, sffdw.mapping) IS
    'Return how many rows the first page of an object with long texts may have, before it is known how long they are; '
    'NULL of other objects.';

CREATE FUNCTION sffdw.next_page_rows(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS integer
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT least(sffdw.page_rows(connection, mapping), coalesce(chunk.page_rows, (
        SELECT min(c.page_rows)
        FROM sffdw.load_chunk c
        WHERE c.mapping_id = mapping.mapping_id
    ), sffdw.first_page_rows(connection, mapping)))::integer;
$function$;

COMMENT ON FUNCTION sffdw.next_page_rows(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Return how many rows the next page of a chunk is asked for with.';

CREATE FUNCTION sffdw.fitting_rows(connection sffdw.connection, record_count bigint, byte_count bigint)
RETURNS integer
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The rows behind may be longer: a page grows by steps.
    SELECT greatest(10, least(
        10 * record_count, record_count * sffdw.sync_setting(connection.options, 'bulk_page_bytes') / byte_count))::integer
    WHERE record_count > 0
    AND byte_count > 0;
$function$;

COMMENT ON FUNCTION sffdw.fitting_rows(sffdw.connection, bigint, bigint) IS
    'Return how many rows the page behind one of so many rows and bytes may have; NULL if that had none.';

CREATE FUNCTION sffdw.take_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    chunk      sffdw.load_chunk,
    condition  text
)
RETURNS sffdw.merge_count
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_merged sffdw.merge_count := (0, 0, 0, 0, 0);
    v_stage  text;
BEGIN
    IF NOT mapping.load_is_staged AND sffdw.can_insert_plainly(connection, mapping, chunk) THEN
        v_merged.inserted_count := sffdw.insert_page(connection, mapping, condition);
        IF v_merged.inserted_count IS NOT NULL THEN
            RETURN v_merged;
        END IF;
    END IF;
    v_stage := sffdw.open_stage(connection, mapping);
    PERFORM sffdw.read_records(connection, mapping, v_stage, sffdw.job_purpose(mapping), condition);
    IF mapping.load_is_staged THEN
        PERFORM sffdw.put_aside(connection, mapping, v_stage);
        RETURN v_merged;
    END IF;
    IF mapping.phase = 'bulk_changes' THEN
        PERFORM sffdw.count_window(mapping, v_stage);
    END IF;
    RETURN sffdw.merge_page(connection, mapping, v_stage, chunk.job_created_at);
END
$function$;

COMMENT ON FUNCTION sffdw.take_page(sffdw.connection, sffdw.mapping, sffdw.load_chunk, text) IS
    'Bring a page of a job''s result to where its load wants it: aside, straight into the table, or by a merge.';

CREATE FUNCTION sffdw.read_job(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_merged sffdw.merge_count := sffdw.take_page(connection, mapping, chunk, format(
        'l._job_id OPERATOR(pg_catalog.=) %L AND l._locator OPERATOR(pg_catalog.=) %L '
        'AND l._page_size OPERATOR(pg_catalog.=) %L AND l._purpose OPERATOR(pg_catalog.=) %L',
        chunk.job_id, chunk.locator, sffdw.next_page_rows(connection, mapping, chunk)::text, sffdw.job_purpose(mapping)));
    v_page   record;
BEGIN
    EXECUTE format('SELECT p.next_locator, p.record_count, p.byte_count FROM %I._bulk_pages p '
                   'WHERE p.job_id = %L AND p.locator = %L',
                   connection.live_schema_name, chunk.job_id, chunk.locator)
    INTO STRICT v_page;
    UPDATE sffdw.load_chunk c
    SET locator = coalesce(v_page.next_locator, ''),
        row_count = c.row_count + v_page.record_count,
        page_rows = coalesce(sffdw.fitting_rows(connection, v_page.record_count, v_page.byte_count), c.page_rows),
        error_count = 0,
        error = NULL,
        done_at = CASE WHEN v_page.next_locator IS NULL THEN clock_timestamp() END
    WHERE c.mapping_id = chunk.mapping_id
    AND c.chunk_number = chunk.chunk_number
    RETURNING c.* INTO chunk;
    IF chunk.done_at IS NOT NULL AND chunk.row_count <> chunk.processed_count THEN
        RAISE EXCEPTION 'the result of Bulk job "%" has another number of rows than announced', chunk.job_id
            USING ERRCODE = 'SF006',
                  DETAIL = format('%s rows came, numberRecordsProcessed says %s.', chunk.row_count,
                                  chunk.processed_count),
                  HINT = 'It is read again by itself.';
    END IF;
    PERFORM sffdw.count_sync_run(mapping.run_id, v_page.record_count, v_merged);
END
$function$;

COMMENT ON FUNCTION sffdw.read_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Read the next page of a chunk''s job; rows and locator commit together. Raises SF006 if in the end the pages do not '
    'hold as many rows as the job announced, SF015 if the result is gone.';

CREATE FUNCTION sffdw.advance_chunk(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sqlstate text;
    v_message  text;
    v_detail   text;
BEGIN
    PERFORM sffdw.check_call_cap(connection, mapping);
    IF chunk.job_id IS NULL THEN
        PERFORM sffdw.create_job(connection, mapping, chunk);
    ELSIF chunk.job_state <> 'JobComplete' THEN
        PERFORM sffdw.watch_job(connection, mapping, chunk);
    ELSE
        PERFORM sffdw.read_job(connection, mapping, chunk);
    END IF;
EXCEPTION WHEN SQLSTATE 'SF005' OR SQLSTATE 'SF006' OR SQLSTATE 'SF008' OR SQLSTATE 'SF015' OR SQLSTATE 'SF016' THEN
    GET STACKED DIAGNOSTICS v_sqlstate = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
    IF NOT sffdw.apply_load_rule(connection, mapping, chunk, jsonb_build_object(
        'sqlstate', v_sqlstate, 'message', v_message, 'detail', v_detail)) THEN
        RAISE;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.advance_chunk(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Make the next step of a chunk: create its job, look at it, or read a page. Errors for which there is a rule do not '
    'leave it.';

CREATE FUNCTION sffdw.advance_load(mapping_id integer, force boolean, due_at timestamptz)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_mapping    sffdw.mapping;
    v_chunk      sffdw.load_chunk;
BEGIN
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = advance_load.mapping_id;
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = v_mapping.connection_id;
    PERFORM sffdw.refuse_recovery(v_connection);
    IF NOT force AND v_connection.throttled_until > clock_timestamp() THEN
        RETURN 'done';
    END IF;
    -- Results that are there first: Salesforce works on the others meanwhile.
    SELECT c.*
    INTO v_chunk
    FROM sffdw.load_chunk c
    WHERE c.mapping_id = v_mapping.mapping_id
    AND c.done_at IS NULL
    AND coalesce(c.look_at, '-infinity') <= clock_timestamp()
    ORDER BY c.job_id IS NOT NULL, c.job_state IS DISTINCT FROM 'JobComplete', c.chunk_number
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        -- Others are at work, or Salesforce is.
        RETURN 'busy';
    END IF;
    PERFORM sffdw.advance_chunk(v_connection, v_mapping, v_chunk);
    RETURN sffdw.next_turn(v_mapping, force, due_at);
END
$function$;

COMMENT ON FUNCTION sffdw.advance_load(integer, boolean, timestamptz) IS
    'Make the next step of a load through Bulk, on one of its chunks that no other session holds, and say as '
    'advance_mapping does how the load stands.';

CREATE FUNCTION sffdw.is_load_over(mapping_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT NOT EXISTS (
        SELECT
        FROM sffdw.load_chunk c
        WHERE c.mapping_id = is_load_over.mapping_id
        AND c.done_at IS NULL
    );
$function$;

COMMENT ON FUNCTION sffdw.is_load_over(integer) IS 'Whether every chunk of a load has been read.';

CREATE FUNCTION sffdw.lacks_load(connection sffdw.connection, mapping sffdw.mapping)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN mapping.phase = 'bulk' THEN NOT EXISTS (
            SELECT
            FROM sffdw.load_chunk c
            WHERE c.mapping_id = mapping.mapping_id
        )
        WHEN mapping.phase IN ('load', 'replace') THEN
            mapping.load_is_staged AND to_regclass(sffdw.load_stage(connection, mapping)) IS NULL
        ELSE false
    END;
$function$;

COMMENT ON FUNCTION sffdw.lacks_load(sffdw.connection, sffdw.mapping) IS
    'Whether what a running load has read is gone, as after a restored dump: it must begin anew.';

CREATE FUNCTION sffdw.finish_indexes(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT sffdw.build_index(mapping.mapping_id) THEN
        PERFORM sffdw.finish_load(connection, mapping);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.finish_indexes(sffdw.connection, sffdw.mapping) IS
    'Build the next index that is missing after a load; when all are there, end it.';

COMMIT;
