-- Deploy sffdw:functions/list_write_errors to pg
-- requires: functions/find_remedy
-- requires: functions/open_table
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.list_write_errors(connection_id integer, schema_name name)
RETURNS TABLE (
    entry_id      integer,
    archived      boolean,
    table_name    text,
    record_id     integer,
    sfid          text,
    action        text,
    status_code   text,
    message       text,
    remedy        text,
    attempt_count integer,
    created_at    timestamptz,
    processed_at  timestamptz
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF sffdw.open_table(schema_name, '_trigger_log', true) IS NULL
    OR sffdw.open_table(schema_name, '_trigger_log_archive', true) IS NULL THEN
        RETURN;
    END IF;
    -- Entries that Heroku Connect left have their code in sf_message only.
    RETURN QUERY EXECUTE format($query$
        SELECT e.id, e.archived, e.table_name::text, e.record_id, e.sfid::text, e.action::text, p.status_code,
               p.message, sffdw.find_remedy(p.status_code, p.message), coalesce(c.attempt_count, 1),
               e.created_at, e.processed_at
        FROM (
            SELECT t.*, false AS archived FROM %1$I._trigger_log t WHERE t.state = 'FAILED'
            UNION ALL
            SELECT t.*, true AS archived FROM %1$I._trigger_log_archive t WHERE t.state = 'FAILED'
        ) e
        LEFT JOIN sffdw.write_claim c ON c.connection_id = $1 AND c.entry_id = e.id
        CROSS JOIN LATERAL (
            SELECT coalesce(c.status_code, substring(e.sf_message FROM '^[A-Z][A-Z0-9]*_[A-Z0-9_]+')),
                   coalesce(c.message, e.sf_message)
        ) AS p (status_code, message)
    $query$, schema_name)
    USING connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.list_write_errors(integer, name) IS
    'Return the entries of a connection''s trigger log and archive that Salesforce rejected.';

COMMIT;
