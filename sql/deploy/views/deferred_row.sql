-- Deploy sffdw:views/deferred_row to pg
-- requires: tables/deferred_record
-- requires: tables/gone_record

BEGIN;

CREATE VIEW sffdw.deferred_row
WITH (security_invoker = true) AS
SELECT c.connection_name,
       m.object_name,
       d.sfid,
       d.reason,
       d.error,
       d.since
FROM (
    SELECT r.mapping_id, r.sfid, r.reason, r.error, r.since
    FROM sffdw.deferred_record r
    UNION ALL
    SELECT g.mapping_id, g.sfid, 'deleted', g.error, g.found_at
    FROM sffdw.gone_record g
    WHERE g.tried_at IS NOT NULL
) d
JOIN sffdw.mapping m USING (mapping_id)
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.deferred_row TO PUBLIC;

COMMENT ON VIEW sffdw.deferred_row IS 'Inbound records that could not be merged yet, and why.';

COMMIT;
