-- Deploy sffdw:views/load_progress to pg
-- requires: tables/load_chunk

BEGIN;

CREATE VIEW sffdw.load_progress
WITH (security_invoker = true) AS
SELECT c.connection_name,
       m.object_name,
       m.phase,
       m.load_transport AS transport,
       k.job_id,
       k.chunks_done,
       k.chunks_total,
       CASE m.load_transport WHEN 'Bulk' THEN k.rows_done ELSE m.load_rows_done END AS rows_done,
       coalesce(k.rows_announced, m.org_count) AS rows_expected,
       m.load_began_at AS started_at
FROM sffdw.mapping m
JOIN sffdw.connection c USING (connection_id)
CROSS JOIN LATERAL (
    SELECT min(l.job_id) FILTER (WHERE l.done_at IS NULL) AS job_id,
           count(l.done_at) AS chunks_done,
           count(*) AS chunks_total,
           coalesce(sum(l.row_count), 0)::bigint AS rows_done,
           CASE WHEN bool_and(l.job_state = 'JobComplete') THEN sum(l.processed_count)::bigint END AS rows_announced
    FROM sffdw.load_chunk l
    WHERE l.mapping_id = m.mapping_id
) k
WHERE m.load_began_at IS NOT NULL;

GRANT SELECT ON sffdw.load_progress TO PUBLIC;

COMMENT ON VIEW sffdw.load_progress IS
    'How far the running loads are of the connections that the current role may see. phase: load and bulk read records, '
    'replace puts them into the table, index builds indexes. rows_expected is Salesforce''s own count, approximate '
    'until all jobs of a load through Bulk are complete; its parts are chunks, each a job.';

COMMIT;
