-- Verify sffdw:tables/mapping on pg

BEGIN;

SELECT mapping_id, connection_id, object_name, table_name, access, unique_identifier, poll_interval,
       accelerated, row_filter, filter_expression, filter_changed, types, writable_fields, write_mode, conflict_policy, rejected_policy,
       schema_policy, daily_call_cap, history, hold_threshold, capture_replicated, has_systemmodstamp, has_isdeleted,
       replicateable, state, state_description, revision, created_at, watermark_at, watermark_id,
       load_started_at, load_cursor, load_rows_done, window_end_at, cursor_at, cursor_id, deleted_until,
       last_poll_at, next_poll_at, org_count, org_counted_at, last_error
FROM sffdw.mapping
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.mapping'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.mapping'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.mapping', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
