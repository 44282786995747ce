-- Deploy sffdw:views/api_usage to pg
-- requires: functions/count_calls

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
FROM sffdw.connection c
CROSS JOIN LATERAL sffdw.count_calls(c, NULL) a;

GRANT SELECT ON sffdw.api_usage TO PUBLIC;

COMMENT ON VIEW sffdw.api_usage IS
    'API calls spent, per UTC day, connection, object and purpose: to the connection''s owner as of now, to others as '
    'of the last maintain.';

COMMIT;
