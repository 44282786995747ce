-- Deploy sffdw:views/connections to pg
-- requires: functions/count_calls
-- requires: functions/summarize_log
-- requires: tables/held_change
-- requires: tables/mapping

BEGIN;

CREATE VIEW sffdw.connections
WITH (security_invoker = true) AS
SELECT c.connection_name,
       c.server_name::text,
       c.schema_name::text,
       c.live_schema_name::text,
       c.owner_role::text AS owner_name,
       c.state,
       coalesce(m.worst_state, 'OK') AS mappings_summary_state,
       c.org_id,
       c.api_version,
       c.write_algorithm,
       CASE
           WHEN c.paused_in AND c.paused_out THEN 'both'
           WHEN c.paused_in THEN 'in'
           WHEN c.paused_out THEN 'out'
           ELSE 'none'
       END AS paused,
       l.pending_count AS pending_write_count,
       l.oldest_pending_at,
       h.held_count,
       a.call_count AS calls_today,
       c.api_limit AS calls_limit,
       c.throttled_until,
       c.last_poll_at,
       c.last_write_at,
       c.last_error,
       c.last_error_at
FROM sffdw.connection c
CROSS JOIN LATERAL (
    -- Errors before what is merely under way.
    SELECT (array_agg(m.state ORDER BY s.is_error DESC, m.state))[1] AS worst_state
    FROM sffdw.mapping m
    CROSS JOIN LATERAL (
        SELECT m.state IN ('BULK_LOAD_ERROR', 'SYSTEM_ERROR', 'DB_UNAVAILABLE', 'BAD_CONFIG', 'SYNC_REMOVED',
                           'INACTIVE_ORG', 'UNAUTHORIZED')
    ) AS s (is_error)
    WHERE m.connection_id = c.connection_id
    AND (s.is_error OR m.state IN ('INITIAL', 'SCHEMA_CHANGED', 'RECOVERY'))
) m
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.pending_count), 0)::bigint AS pending_count,
           min(l.oldest_pending_at) AS oldest_pending_at
    FROM sffdw.summarize_log(c.schema_name) l
) l
CROSS JOIN LATERAL (
    SELECT coalesce(sum(a.call_count), 0)::bigint AS call_count
    FROM sffdw.count_calls(c, sffdw.utc_day()) a
) a
CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.entry_count), 0)::bigint AS held_count
    FROM sffdw.held_change h
    JOIN sffdw.mapping m USING (mapping_id)
    WHERE m.connection_id = c.connection_id
) h;

GRANT SELECT ON sffdw.connections TO PUBLIC;

COMMENT ON VIEW sffdw.connections IS 'The connections that the current role may see, and how they are.';
COMMENT ON COLUMN sffdw.connections.mappings_summary_state IS
    'OK, or the worst state among the mappings: an error before a mapping that is still being set up.';
COMMENT ON COLUMN sffdw.connections.paused IS 'none, in, out or both.';
COMMENT ON COLUMN sffdw.connections.pending_write_count IS 'Captured changes that Salesforce has not answered yet.';
COMMENT ON COLUMN sffdw.connections.held_count IS 'Changes that wait for a person, see sffdw.held_changes.';
COMMENT ON COLUMN sffdw.connections.calls_today IS 'API calls of this connection since midnight UTC.';
COMMENT ON COLUMN sffdw.connections.calls_limit IS 'API calls that the org allows in 24 hours, for all its users.';

COMMIT;
