-- Verify sffdw:tables/change_stream on pg

BEGIN;

SELECT connection_id, replay_id, subscribed_at, last_event_at, event_count, last_error, next_try_at
FROM sffdw.change_stream
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.change_stream'::pg_catalog.regclass),
        'owners see their own rows';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.change_stream', 'INSERT'), 'owners may write';
END
$do$;

ROLLBACK;
