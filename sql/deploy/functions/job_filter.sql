-- Deploy sffdw:functions/job_filter to pg
-- requires: tables/ingest_job
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.has_open_jobs(connection_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (SELECT FROM sffdw.ingest_job j WHERE j.connection_id = has_open_jobs.connection_id);
$function$;

COMMENT ON FUNCTION sffdw.has_open_jobs(integer) IS 'Whether entries are in a Bulk job whose results have not been read.';

CREATE FUNCTION sffdw.awaits_jobs(connection_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.ingest_job j
        JOIN sffdw.connection c ON c.connection_id = j.connection_id
        WHERE j.connection_id = awaits_jobs.connection_id
        AND j.error_count < 5
        AND (j.phase IN ('closed', 'over') OR NOT c.paused_out)
    );
$function$;

COMMENT ON FUNCTION sffdw.awaits_jobs(integer) IS
    'Whether a Bulk job with entries is on its way, and not in lasting trouble.';

CREATE FUNCTION sffdw.relationship_filter(connection sffdw.connection)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(format('NOT (l.table_name = %L AND l.action <> ''DELETE'' AND %s)', c.table_name, c.is_given), ' AND ')
    FROM (
        SELECT m.table_name, format('(%s)', string_agg(
                   format('(l."values"::%1$I.hstore OPERATOR(%1$I.->) %2$L) IS NOT NULL', connection.hstore_schema,
                          f.column_name), ' OR ')) AS is_given
        FROM sffdw.mapping m
        JOIN sffdw.mapping_field f ON f.mapping_id = m.mapping_id AND f.field_name LIKE '%.%'
        WHERE m.connection_id = connection.connection_id
        GROUP BY m.table_name
    ) c;
$function$;

COMMENT ON FUNCTION sffdw.relationship_filter(sffdw.connection) IS
    'Return the condition on entries (l) that those meet which name no related record by its external id; NULL where no '
    'such column is mapped.';

CREATE FUNCTION sffdw.job_filter(connection sffdw.connection)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN sffdw.has_open_jobs(connection.connection_id)
        THEN format('NOT EXISTS (SELECT FROM sffdw.ingest_record g WHERE g.connection_id = %s '
                    'AND g.table_name = l.table_name AND g.row_id = l.record_id)', connection.connection_id)
        ELSE 'true'
    END;
$function$;

COMMENT ON FUNCTION sffdw.job_filter(sffdw.connection) IS
    'Return the condition on entries (l) of the trigger log that those of records meet which are in no Bulk job.';

CREATE FUNCTION sffdw.job_order(connection sffdw.connection)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_inserts boolean;
    v_changes boolean;
    v_deletes text[];
BEGIN
    SELECT coalesce(bool_or(j.action = 'INSERT'), false), coalesce(bool_or(j.action <> 'DELETE'), false),
           array_agg(j.table_name) FILTER (WHERE j.action = 'DELETE')
    INTO v_inserts, v_changes, v_deletes
    FROM sffdw.ingest_job j
    WHERE j.connection_id = connection.connection_id;
    RETURN concat_ws(
        ' AND ', 'true',
        -- They may name a record that the job is about to make, of which nobody knows when.
        CASE WHEN v_inserts THEN sffdw.relationship_filter(connection) END,
        -- The job may be about to take children away from the record.
        CASE WHEN v_changes THEN 'l.action <> ''DELETE''' END,
        -- The job may be about to free a value of the unique identifier.
        CASE WHEN v_deletes IS NOT NULL
             THEN format('NOT (l.action <> ''DELETE'' AND l.table_name = ANY (%L::text[]))', v_deletes) END);
END
$function$;

COMMENT ON FUNCTION sffdw.job_order(sffdw.connection) IS
    'Return the condition on entries (l) of the trigger log that those meet which may be sent while Bulk jobs are open: '
    'of other records those wait whose order matters.';

COMMIT;
