-- Deploy sffdw:views/log to pg
-- requires: tables/log_entry

BEGIN;

CREATE VIEW sffdw.log
WITH (security_invoker = true) AS
SELECT e.log_id,
       c.connection_name,
       e.object_name,
       e.logged_at,
       e.level,
       e.event,
       e.message,
       e.row_count,
       e.duration_ms
FROM sffdw.log_entry e
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.log TO PUBLIC;

COMMENT ON VIEW sffdw.log IS 'What happened to the connections that the current role may see.';

COMMIT;
