-- Deploy sffdw:views/mappings to pg
-- requires: functions/count_calls
-- requires: functions/count_rows
-- requires: functions/describe_state
-- requires: functions/request_field_sweep
-- requires: functions/summarize_log
-- requires: tables/deferred_record
-- requires: tables/gone_record
-- requires: tables/mapping_field

BEGIN;

CREATE VIEW sffdw.mappings
WITH (security_invoker = true) AS
SELECT m.mapping_id,
       c.connection_name,
       m.object_name,
       m.table_name::text,
       s.state,
       coalesce(m.state_description, sffdw.describe_state(s.state)) AS state_description,
       m.access,
       m.unique_identifier,
       m.poll_interval,
       m.accelerated,
       m.row_filter,
       m.types,
       m.write_mode,
       array(
           SELECT f.field_name
           FROM sffdw.mapping_field f
           WHERE f.mapping_id = m.mapping_id
           ORDER BY f.field_name
       ) AS fields,
       m.watermark_at,
       m.watermark_id,
       m.last_poll_at,
       m.next_poll_at,
       m.org_count,
       m.org_counted_at,
       sffdw.count_rows(c.schema_name, m.table_name) AS local_count,
       coalesce(l.pending_count, 0) AS pending_write_count,
       coalesce(l.failed_count, 0) AS failed_write_count,
       a.call_count AS calls_today,
       m.last_error,
       m.revision,
       (
           SELECT count(*)
           FROM sffdw.deferred_record d
           WHERE d.mapping_id = m.mapping_id
       ) + (
           SELECT count(*)
           FROM sffdw.gone_record g
           WHERE g.mapping_id = m.mapping_id
           AND g.tried_at IS NOT NULL
       ) AS deferred_count
FROM sffdw.mapping m
JOIN sffdw.connection c USING (connection_id)
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN m.state = 'DATA_SYNCED' AND sffdw.has_field_sweep(m.mapping_id, 'backfill') THEN 'RESYNC'
               ELSE m.state
           END AS state
) s
LEFT JOIN LATERAL sffdw.summarize_log(c.schema_name) l ON l.table_name = m.table_name
CROSS JOIN LATERAL (
    SELECT coalesce(sum(a.call_count), 0)::bigint AS call_count
    FROM sffdw.count_calls(c, sffdw.utc_day()) a
    WHERE lower(a.object_name) = lower(m.object_name)
) a;

GRANT SELECT ON sffdw.mappings TO PUBLIC;

COMMENT ON VIEW sffdw.mappings IS 'The mappings that the current role may see, and how they are.';
COMMENT ON COLUMN sffdw.mappings.state IS 'By Heroku Connect''s contract: DATA_SYNCED when all is well.';
COMMENT ON COLUMN sffdw.mappings.watermark_at IS 'With watermark_id, up to where changes have been read.';
COMMENT ON COLUMN sffdw.mappings.local_count IS 'Rows in the table; an estimate above a million.';
COMMENT ON COLUMN sffdw.mappings.pending_write_count IS 'Captured changes that Salesforce has not answered yet.';
COMMENT ON COLUMN sffdw.mappings.calls_today IS 'API calls for this object since midnight UTC.';
COMMENT ON COLUMN sffdw.mappings.failed_write_count IS 'Rejected changes in the trigger log and its archive.';
COMMENT ON COLUMN sffdw.mappings.deferred_count IS
    'Records that are set aside: sffdw.deferred_row says which and why.';

COMMIT;
