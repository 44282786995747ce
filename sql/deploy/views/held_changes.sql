-- Deploy sffdw:views/held_changes to pg
-- requires: tables/held_change

BEGIN;

CREATE VIEW sffdw.held_changes
WITH (security_invoker = true) AS
SELECT c.connection_name,
       m.object_name,
       h.direction,
       h.action,
       h.entry_count,
       h.oldest_at,
       h.threshold,
       h.reason
FROM sffdw.held_change h
JOIN sffdw.mapping m USING (mapping_id)
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.held_changes TO PUBLIC;

COMMENT ON VIEW sffdw.held_changes IS
    'Changes that wait for a person because there are implausibly many of them; sffdw.release lets them happen or '
    'discards them.';

COMMIT;
