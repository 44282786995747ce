-- Deploy sffdw:functions/describe_config to pg
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.describe_config(connection_id integer)
RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'version', 1,
        'connection', jsonb_build_object(
            'name', c.connection_name,
            'organization_id', c.org_id,
            'api_version', c.api_version,
            'features', jsonb_build_object('poll_db_no_merge', c.write_algorithm = 'ordered'),
            'sffdw', to_jsonb(c) - ARRAY[
                'connection_id', 'state', 'paused_in', 'paused_out', 'last_poll_at', 'last_write_at', 'last_error',
                'last_error_at', 'throttled_until',
                'write_pause_until', 'throttle_count', 'accepted_at']),
        'mappings', coalesce((
            SELECT jsonb_agg(jsonb_build_object('object_name', m.object_name, 'config', jsonb_build_object(
                'access', m.access,
                'sf_notify_enabled', m.accelerated,
                'sf_polling_seconds', trim_scale(extract(epoch FROM m.poll_interval)),
                'sf_max_daily_api_calls', m.daily_call_cap,
                'upsert_field', m.unique_identifier,
                'revision', m.revision,
                'fields', (
                    SELECT jsonb_object_agg(f.field_name, '{}'::jsonb)
                    FROM sffdw.mapping_field f
                    WHERE f.mapping_id = m.mapping_id),
                'indexes', (
                    SELECT jsonb_object_agg(f.field_name, jsonb_build_object('unique', f.is_unique))
                    FROM sffdw.mapping_field f
                    WHERE f.mapping_id = m.mapping_id
                    AND f.is_indexed),
                'sffdw', jsonb_build_object(
                    'table_name', m.table_name,
                    -- Of fields that were renamed: their columns keep their names.
                    'columns', (
                        SELECT coalesce(jsonb_object_agg(f.field_name, f.column_name), '{}')
                        FROM sffdw.mapping_field f
                        WHERE f.mapping_id = m.mapping_id
                        AND f.field_name <> 'Id'
                        AND f.column_name <> lower(replace(f.field_name, '.', '__'))),
                    'row_filter', m.row_filter, 'types', m.types,
                    'writable_fields', m.writable_fields, 'write_mode', m.write_mode,
                    'conflict_policy', m.conflict_policy, 'rejected_policy', m.rejected_policy,
                    'schema_policy', m.schema_policy, 'history', m.history, 'hold_threshold', m.hold_threshold,
                    'capture_replicated', m.capture_replicated)))
                ORDER BY m.object_name)
            FROM sffdw.mapping m
            WHERE m.connection_id = c.connection_id), '[]'))
    FROM sffdw.connection c
    WHERE c.connection_id = describe_config.connection_id;
$function$;

COMMENT ON FUNCTION sffdw.describe_config(integer) IS
    'Return a connection''s settings in the form of Heroku Connect''s export, ours beyond it under the key sffdw.';

CREATE FUNCTION sffdw.mirror_config(connection_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Of an adopted schema the rows before the last are the old writer's.
    EXECUTE format('UPDATE %1$I._hcmeta SET org_id = $2 #>> ''{connection,organization_id}'', details = $2::text '
                   'WHERE id = (SELECT max(h.id) FROM %1$I._hcmeta h)',
                   (SELECT c.schema_name FROM sffdw.connection c WHERE c.connection_id = $1))
    USING connection_id, sffdw.describe_config(connection_id);
END
$function$;

COMMENT ON FUNCTION sffdw.mirror_config(integer) IS
    'Write a connection''s settings into its _hcmeta, from which they can be rebuilt: '
    'DROP EXTENSION drops the catalog.';

COMMIT;
