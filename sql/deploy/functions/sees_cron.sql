-- Deploy sffdw:functions/sees_cron to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.sees_cron()
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- By name it could not even be asked for: that takes the right to use its schema.
    SELECT EXISTS (
        SELECT
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'cron'
        AND c.relname = 'job_run_details'
        AND has_schema_privilege(n.oid, 'USAGE')
        AND has_table_privilege(c.oid, 'SELECT')
        AND has_table_privilege(c.oid, 'DELETE')
    );
$function$;

COMMENT ON FUNCTION sffdw.sees_cron() IS
    'Whether pg_cron is in this database and the current role may see and delete what it keeps of jobs.';

COMMIT;
