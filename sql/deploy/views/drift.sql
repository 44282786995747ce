-- Deploy sffdw:views/drift to pg
-- requires: tables/drift_record

BEGIN;

CREATE VIEW sffdw.drift
WITH (security_invoker = true) AS
SELECT c.connection_name,
       m.object_name,
       d.sfid,
       d.kind,
       d.fields,
       d.found_at,
       d.repaired_at
FROM sffdw.drift_record d
JOIN sffdw.mapping m USING (mapping_id)
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.drift TO PUBLIC;

COMMENT ON VIEW sffdw.drift IS
    'Where local tables were found to differ from Salesforce although every poll had ended well, and since when they '
    'are equal again.';

COMMIT;
