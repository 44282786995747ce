-- Deploy sffdw:functions/summarize_log to pg
-- requires: functions/open_table
-- requires: tables/connection

BEGIN;

CREATE FUNCTION sffdw.summarize_log(schema_name name)
RETURNS TABLE (table_name text, pending_count bigint, failed_count bigint, oldest_pending_at timestamptz)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sffdw.open_table(schema_name, '_trigger_log', true) IS NULL
    OR sffdw.open_table(schema_name, '_trigger_log_archive', true) IS NULL THEN
        RETURN;
    END IF;
    -- One branch an index of the log.
    RETURN QUERY EXECUTE format($query$
        SELECT e.table_name::text,
               count(*) FILTER (WHERE e.state <> 'FAILED'),
               count(*) FILTER (WHERE e.state = 'FAILED'),
               min(e.created_at) FILTER (WHERE e.state <> 'FAILED')
        FROM (
            SELECT t.table_name, t.state, t.created_at FROM %1$I._trigger_log t WHERE t.state IN ('NEW', 'PENDING')
            UNION ALL
            SELECT t.table_name, t.state, t.created_at FROM %1$I._trigger_log t WHERE t.state = 'FAILED'
            UNION ALL
            SELECT t.table_name, t.state, t.created_at FROM %1$I._trigger_log_archive t WHERE t.state = 'FAILED'
        ) e
        GROUP BY e.table_name
    $query$, schema_name);
END
$function$;

COMMENT ON FUNCTION sffdw.summarize_log(name) IS
    'Count a connection''s unsent and failed entries by table; nothing where the trigger log is missing or '
    'not safe to read.';

COMMIT;
