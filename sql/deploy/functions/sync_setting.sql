-- Deploy sffdw:functions/sync_setting to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.sync_defaults()
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A REST answer holds at most 2,000 records, a Collections request 200. A page of a Bulk job's result has as many
    -- rows as hold bulk_page_values values, 50,000 at most, and about bulk_page_bytes bytes.
    SELECT '{
        "accelerated_gap_s": 2,
        "archive_after_s": 900,
        "archive_kept_days": 30,
        "bulk_chunk_rows": 250000,
        "bulk_load_threshold": 10000,
        "bulk_page_bytes": 33554432,
        "bulk_page_values": 750000,
        "bulk_pause_ms": 500,
        "bulk_write_rows": 50000,
        "bulk_write_threshold": 20000,
        "compare_interval_s": 86400,
        "delete_interval_s": 600,
        "delete_threshold_percent": 20,
        "delete_threshold_rows": 100,
        "failed_kept_s": 86400,
        "formula_interval_s": 86400,
        "hold_delete_percent": 1,
        "hold_delete_rows": 1000,
        "hold_percent": 5,
        "hold_rows": 1000,
        "in_doubt_wait_s": 600,
        "overlap_interval_s": 120,
        "overlap_s": 300,
        "page_size": 2000,
        "row_lock_attempts": 8,
        "schema_interval_s": 600,
        "sweep_interval_s": 600,
        "sweep_window_s": 3600,
        "sync_write_max_rows": 200,
        "write_batch_calls": 10,
        "write_batch_size": 10000
    }'::jsonb;
$function$;

COMMENT ON FUNCTION sffdw.sync_defaults() IS
    'Return the numbers that steer loads, polls and writes, as they are unless a connection''s options say otherwise.';

CREATE FUNCTION sffdw.sync_setting(options jsonb, setting text)
RETURNS integer
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_value integer := coalesce(options ->> setting, sffdw.sync_defaults() ->> setting)::integer;
BEGIN
    ASSERT v_value IS NOT NULL, format('%s is a setting', setting);
    RETURN v_value;
END
$function$;

COMMENT ON FUNCTION sffdw.sync_setting(jsonb, text) IS
    'Return a number that steers loads, polls and writes: the connection''s own from its options, else the default.';

COMMIT;
