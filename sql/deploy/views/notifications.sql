-- Deploy sffdw:views/notifications to pg
-- requires: tables/notification

BEGIN;

CREATE VIEW sffdw.notifications
WITH (security_invoker = true) AS
SELECT n.notification_id,
       c.connection_name,
       n.event_type,
       n.message,
       n.created_at,
       n.acknowledged_at
FROM sffdw.notification n
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.notifications TO PUBLIC;

COMMENT ON VIEW sffdw.notifications IS 'What a person should know of the connections that the current role may see.';

COMMIT;
