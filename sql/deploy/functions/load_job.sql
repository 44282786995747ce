-- Deploy sffdw:functions/load_job to pg
-- requires: functions/load_page
-- requires: functions/load_stage
-- requires: functions/read_page
-- requires: functions/row_filter
-- requires: tables/load_chunk

BEGIN;

CREATE FUNCTION sffdw.job_purpose(mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE mapping.phase WHEN 'bulk_changes' THEN 'poll' ELSE 'load' END;
$function$;

COMMENT ON FUNCTION sffdw.job_purpose(sffdw.mapping) IS
    'Return what the calls of a mapping''s Bulk jobs are for: loads, or polls of very many changes.';

CREATE FUNCTION sffdw.window_condition(mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- SOQL compares whole seconds. The second in which the window ends may not be over.
    SELECT format('SystemModstamp >= %s AND SystemModstamp < %s',
                  sffdw.iso_time(date_trunc('second', mapping.cursor_at)),
                  sffdw.iso_time(mapping.window_end_at + interval '2 seconds'));
$function$;

COMMENT ON FUNCTION sffdw.window_condition(sffdw.mapping) IS
    'Return the SOQL condition of the records that are left in the running poll''s window.';

CREATE FUNCTION sffdw.load_query(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_line  text;
    v_soql  text;
    v_where text;
BEGIN
    -- A poll must see what leaves the row filter.
    v_where := CASE
        WHEN mapping.phase = 'bulk_changes' THEN sffdw.window_condition(mapping)
        ELSE concat_ws(
            ' AND ', 'Id >= ' || quote_literal(chunk.first_id), 'Id < ' || quote_literal(chunk.before_id),
            CASE WHEN mapping.filter_expression IS NOT NULL AND NOT mapping.filter_changed
                 THEN sffdw.filter_soql(connection, mapping) END)
    END;
    -- The wrapper itself says which fields the columns are.
    FOR v_line IN EXECUTE format('EXPLAIN (VERBOSE, COSTS OFF) %s AND l._scope = ''all'' AND l._purpose = ''load''',
                                 sffdw.load_select(connection, mapping, 'true')) LOOP
        v_soql := coalesce(v_soql, substring(v_line FROM '^[ ]*(?:Multicorn: )?SOQL: (SELECT [A-Za-z0-9_., ]+ FROM \w+)'));
    END LOOP;
    RETURN v_soql || coalesce(' WHERE ' || nullif(v_where, ''), '');
END
$function$;

COMMENT ON FUNCTION sffdw.load_query(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Return the SOQL of a chunk''s job: the mapped fields, its range of Ids and what Salesforce can apply of the row '
    'filter; or, of a poll, what is left in its window.';

CREATE FUNCTION sffdw.load_select(connection sffdw.connection, mapping sffdw.mapping, condition text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('SELECT %s, %s, %s, %s, %s FROM %s l WHERE %s',
                  string_agg(c.expression, ', '),
                  sffdw.live_expression(connection, mapping, 'isdeleted', 'l.isdeleted', 'NULL'),
                  sffdw.live_expression(connection, mapping, 'systemmodstamp', 'l.systemmodstamp', 'NULL'),
                  sffdw.live_expression(connection, mapping, 'createdbyid', 'l.createdbyid', 'NULL'),
                  coalesce('(' || mapping.filter_expression || ')', 'NULL'),
                  sffdw.live_table(connection, mapping), condition)
    FROM sffdw.merge_columns(connection, mapping) c;
$function$;

COMMENT ON FUNCTION sffdw.load_select(sffdw.connection, sffdw.mapping, text) IS
    'Return a SELECT of all that a load reads of a record.';

CREATE FUNCTION sffdw.enter_load_state(mapping sffdw.mapping, state text)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE sffdw.mapping m
    SET state = enter_load_state.state, state_description = NULL
    WHERE m.mapping_id = mapping.mapping_id
    AND m.phase = 'bulk'
    AND m.state <> enter_load_state.state
    AND m.state <> 'RESYNC';
$function$;

COMMENT ON FUNCTION sffdw.enter_load_state(sffdw.mapping, text) IS
    'Say what a load through Bulk is at; it stays RESYNC where it is one.';

CREATE FUNCTION sffdw.create_job(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_created_at timestamptz := clock_timestamp();
    v_job_id     text;
BEGIN
    EXECUTE format('INSERT INTO %I._bulk_jobs (operation, query, _purpose, _mapping) '
                   'VALUES (%L, %L, %L, %L) RETURNING job_id',
                   connection.live_schema_name, sffdw.job_operation(connection, mapping), sffdw.load_query(connection, mapping, chunk),
                   sffdw.job_purpose(mapping), mapping.object_name)
    INTO STRICT v_job_id;
    IF mapping.load_is_staged AND chunk.job_count > 0 THEN
        PERFORM sffdw.clear_load_stage(connection, mapping, chunk.first_id, chunk.before_id);
    END IF;
    UPDATE sffdw.load_chunk c
    SET job_id = v_job_id,
        job_state = 'UploadComplete',
        job_created_at = v_created_at,
        job_count = c.job_count + 1,
        processed_count = NULL,
        locator = '',
        row_count = 0,
        error_count = 0,
        look_count = 0,
        look_at = clock_timestamp() + interval '0.1 seconds'
    WHERE c.mapping_id = chunk.mapping_id
    AND c.chunk_number = chunk.chunk_number;
    PERFORM sffdw.enter_load_state(mapping, 'WAIT_BULK_LOAD');
END
$function$;

COMMENT ON FUNCTION sffdw.create_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Create a chunk''s job. Its id commits here, before anything is read from it. Raises SF016 if Bulk does not take '
    'the object or a field.';

CREATE FUNCTION sffdw.watch_job(connection sffdw.connection, mapping sffdw.mapping, chunk sffdw.load_chunk)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_job record;
BEGIN
    EXECUTE format('SELECT j.state, j.processed_count, j.error_message FROM %I._bulk_jobs j WHERE j.job_id = %L '
                   'AND j.operation = %L AND j._purpose = %L AND j._mapping = %L',
                   connection.live_schema_name, chunk.job_id, sffdw.job_operation(connection, mapping),
                   sffdw.job_purpose(mapping), mapping.object_name)
    INTO v_job;
    IF v_job.state IS NULL THEN
        RAISE EXCEPTION 'Bulk job "%" reads another scope than is read now', chunk.job_id
            USING ERRCODE = 'SF015', HINT = 'A new job is created by itself.';
    ELSIF v_job.error_message ~ 'QUERY_TOO_COMPLICATED' THEN
        RAISE EXCEPTION 'Bulk job "%" reads more fields than Salesforce can query at once', chunk.job_id
            USING ERRCODE = 'SF016',
                  DETAIL = 'Salesforce says: ' || v_job.error_message,
                  HINT = 'They are read through REST, in several statements.';
    ELSIF v_job.state IN ('Failed', 'Aborted') THEN
        RAISE EXCEPTION 'Bulk job "%" is %', chunk.job_id, v_job.state
            USING ERRCODE = 'SF015',
                  DETAIL = coalesce('Salesforce says: ' || v_job.error_message, ''),
                  HINT = 'A new job is created by itself.';
    END IF;
    UPDATE sffdw.load_chunk c
    SET job_state = v_job.state,
        processed_count = v_job.processed_count,
        look_count = c.look_count + 1,
        -- Jobs end after seconds or after an hour; each look is an API call.
        look_at = CASE WHEN v_job.state <> 'JobComplete' THEN
            clock_timestamp() + interval '0.1 seconds' * least(100, 1.5 ^ least(c.look_count, 20))
        END
    WHERE c.mapping_id = chunk.mapping_id
    AND c.chunk_number = chunk.chunk_number;
    IF v_job.state = 'JobComplete' THEN
        PERFORM sffdw.enter_load_state(mapping, 'LOADING_BULK_JOB');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.watch_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk) IS
    'Ask how a chunk''s job stands, and when to ask again. Raises SF015 if it has failed, '
    'SF016 if Bulk cannot read so many fields.';

CREATE FUNCTION sffdw.discard_jobs(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_job_id text;
BEGIN
    FOR v_job_id IN
        SELECT c.job_id
        FROM sffdw.load_chunk c
        WHERE c.mapping_id = mapping.mapping_id
        AND c.done_at IS NOT NULL
        ORDER BY c.chunk_number
    LOOP
        BEGIN
            EXECUTE format('DELETE FROM %I._bulk_jobs j WHERE j.job_id = %L AND j.operation = %L '
                           'AND j._purpose = %L AND j._mapping = %L',
                           connection.live_schema_name, v_job_id, sffdw.job_operation(connection, mapping),
                           sffdw.job_purpose(mapping), mapping.object_name);
        EXCEPTION WHEN OTHERS THEN
            IF left(SQLSTATE, 2) <> 'SF' THEN
                RAISE;
            END IF;
            -- Salesforce forgets jobs by itself after seven days.
            RAISE DEBUG 'Bulk job "%" was not deleted: %', v_job_id, SQLERRM;
        END;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.discard_jobs(sffdw.connection, sffdw.mapping) IS
    'Have Salesforce forget the jobs that have been read to their end. Errors of Salesforce do not matter.';

COMMIT;
