-- Deploy sffdw:views/write_errors to pg
-- requires: functions/list_write_errors

BEGIN;

CREATE VIEW sffdw.write_errors
WITH (security_invoker = true) AS
SELECT c.connection_name,
       e.entry_id,
       e.archived,
       e.table_name,
       e.record_id,
       e.sfid,
       e.action,
       e.status_code,
       e.message,
       e.remedy,
       e.attempt_count,
       e.created_at,
       e.processed_at
FROM sffdw.connection c
CROSS JOIN LATERAL sffdw.list_write_errors(c.connection_id, c.schema_name) e;

GRANT SELECT ON sffdw.write_errors TO PUBLIC;

COMMENT ON VIEW sffdw.write_errors IS
    'The changes that Salesforce rejected, in the trigger log and its archive, until they are sent again or dismissed.';
COMMENT ON COLUMN sffdw.write_errors.remedy IS 'What to do about it, by the status code.';

COMMIT;
