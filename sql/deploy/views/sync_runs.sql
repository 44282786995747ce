-- Deploy sffdw:views/sync_runs to pg
-- requires: tables/sync_run

BEGIN;

CREATE VIEW sffdw.sync_runs
WITH (security_invoker = true) AS
SELECT r.run_id,
       c.connection_name,
       r.object_name,
       r.purpose,
       r.started_at,
       r.ended_at,
       r.outcome,
       r.read_count,
       r.inserted_count,
       r.updated_count,
       r.deleted_count,
       r.unchanged_count,
       r.call_count,
       r.byte_count,
       r.error
FROM sffdw.sync_run r
JOIN sffdw.connection c USING (connection_id);

GRANT SELECT ON sffdw.sync_runs TO PUBLIC;

COMMENT ON VIEW sffdw.sync_runs IS 'The loads, polls and writes of the connections that the current role may see.';

COMMIT;
