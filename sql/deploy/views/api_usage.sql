-- Deploy sffdw:views/api_usage to pg
-- requires: tables/api_call

BEGIN;

CREATE VIEW sffdw.api_usage
WITH (security_invoker = true) AS
SELECT a.day,
       c.connection_name,
       a.object_name,
       a.purpose,
       a.call_count,
       a.row_count,
       a.byte_count
FROM sffdw.api_call a
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.api_usage TO PUBLIC;

COMMENT ON VIEW sffdw.api_usage IS 'API calls spent, per UTC day, connection, object and purpose.';

COMMIT;
