-- Deploy sffdw:views/conflicts to pg
-- requires: tables/conflict

BEGIN;

CREATE VIEW sffdw.conflicts
WITH (security_invoker = true) AS
SELECT f.conflict_id,
       c.connection_name,
       m.object_name,
       f.sfid,
       f.field,
       f.local_value,
       f.org_value,
       f.base_value,
       f.resolution,
       f.at
FROM sffdw.conflict f
JOIN sffdw.mapping m USING (mapping_id)
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.conflicts TO PUBLIC;

COMMENT ON VIEW sffdw.conflicts IS
    'Where both sides of a record differed by more than a change that was on its way: both values, and what was done.';

COMMIT;
