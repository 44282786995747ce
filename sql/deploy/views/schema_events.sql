-- Deploy sffdw:views/schema_events to pg
-- requires: tables/schema_event

BEGIN;

CREATE VIEW sffdw.schema_events
WITH (security_invoker = true) AS
SELECT e.event_id,
       c.connection_name,
       e.object_name,
       e.field_name AS field,
       e.kind,
       e.old_value AS old,
       e.new_value AS new,
       e.action,
       e.noted_at AS at
FROM sffdw.schema_event e
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.schema_events TO PUBLIC;

COMMENT ON VIEW sffdw.schema_events IS
    'What changed in Salesforce about the mapped objects that the current role may see, and what was done about it.';
COMMENT ON COLUMN sffdw.schema_events.action IS
    'What was done; beginning with "waits" it is tried again. NULL: nothing yet.';

COMMIT;
