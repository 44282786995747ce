-- Deploy sffdw:functions/compare_fields to pg
-- requires: functions/describe_fields
-- requires: functions/schema_events
-- requires: tables/known_field
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.describe_type(described jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (described ->> 'type') || CASE
        WHEN described ->> 'length' > '0' AND described ->> 'type' NOT IN ('id', 'reference', 'boolean')
            THEN format('(%s)', described ->> 'length')
        WHEN described ->> 'precision' > '0' THEN format('(%s,%s)', described ->> 'precision', described ->> 'scale')
        WHEN described -> 'reference_to' <> '[]'
            THEN format('(%s)', (
                SELECT string_agg(r, ', ') FROM jsonb_array_elements_text(described -> 'reference_to') r))
        ELSE ''
    END;
$function$;

COMMENT ON FUNCTION sffdw.describe_type(jsonb) IS 'Return a described field''s type in words, such as string(80).';

CREATE FUNCTION sffdw.described_fields_of(fields jsonb, types text)
RETURNS sffdw.described_field[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array_agg(ROW(
        f.field_name,
        CASE f.field_name WHEN 'Id' THEN 'sfid' ELSE f.column_name END,
        f.type,
        CASE types WHEN 'precise' THEN f.precise_type ELSE f.heroku_type END,
        f.precise_type,
        f.createable,
        f.updateable,
        f.calculated,
        f.external_id,
        f."unique",
        f.length,
        NULL
    )::sffdw.described_field)
    FROM jsonb_each(fields) e
    CROSS JOIN jsonb_to_record(e.value) AS f (
        field_name text, column_name text, type text, heroku_type text, precise_type text, createable boolean,
        updateable boolean, calculated boolean, external_id boolean, "unique" boolean, length integer);
$function$;

COMMENT ON FUNCTION sffdw.described_fields_of(jsonb, text) IS
    'Return fields as _schema_changes gives them in the form of describe_fields.';

CREATE FUNCTION sffdw.begin_known_fields(mapping sffdw.mapping, fields jsonb)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Of a mapped field the type with which it was mapped counts.
    INSERT INTO sffdw.known_field (mapping_id, field_name, described)
    SELECT mapping.mapping_id, coalesce(e.value ->> 'field_name', f.field_name),
           coalesce(e.value, '{}') || CASE
               WHEN f.field_name IS NULL THEN '{}'
               ELSE jsonb_build_object('type', f.sf_type, 'length', f.length, 'calculated', f.is_calculated)
           END
    FROM jsonb_each(fields) e
    FULL JOIN (
        SELECT f.*
        FROM sffdw.mapping_field f
        WHERE f.mapping_id = mapping.mapping_id
        AND f.field_name NOT LIKE '%.%'
    ) f ON lower(f.field_name) = e.key
    WHERE NOT EXISTS (SELECT FROM sffdw.known_field k WHERE k.mapping_id = mapping.mapping_id);
$function$;

COMMENT ON FUNCTION sffdw.begin_known_fields(sffdw.mapping, jsonb) IS
    'Enter what a mapping''s object looks like at first, unless that has been done.';

CREATE FUNCTION sffdw.without_values(field jsonb, without jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(v.value, ', ' ORDER BY v.ordinality)
    FROM jsonb_array_elements_text(field -> 'picklist_values') WITH ORDINALITY v
    WHERE NOT without -> 'picklist_values' ? v.value;
$function$;

COMMENT ON FUNCTION sffdw.without_values(jsonb, jsonb) IS
    'Return the values of a picklist that the other description of it does not have.';

CREATE FUNCTION sffdw.is_required(described jsonb)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce((described -> 'createable')::boolean AND NOT (described -> 'nillable')::boolean
                    AND NOT (described -> 'default_on_create')::boolean, false);
$function$;

COMMENT ON FUNCTION sffdw.is_required(jsonb) IS 'Whether a new record must give the field a value.';

CREATE FUNCTION sffdw.write_rights(described jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(nullif(concat_ws(' ', CASE WHEN (described -> 'createable')::boolean THEN 'createable' END,
                                     CASE WHEN (described -> 'updateable')::boolean THEN 'updateable' END), ''),
                    CASE WHEN (described -> 'calculated')::boolean THEN 'calculated' ELSE 'read-only' END);
$function$;

COMMENT ON FUNCTION sffdw.write_rights(jsonb) IS 'Return in words what may be written of a described field.';

CREATE FUNCTION sffdw.compare_fields(mapping sffdw.mapping, fields jsonb)
RETURNS TABLE (field_name text, kind text, old_value text, new_value text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH compared AS (
        SELECT coalesce(e.value ->> 'field_name', k.field_name) AS field_name,
               k.described AS before, e.value AS now,
               coalesce(k.gone_at IS NOT NULL, false) AS was_gone,
               f.field_name IS NOT NULL AS is_mapped,
               f.field_name = mapping.unique_identifier AS is_identifier
        FROM jsonb_each(fields) e
        FULL JOIN (
            SELECT k.* FROM sffdw.known_field k WHERE k.mapping_id = mapping.mapping_id
        ) k ON lower(k.field_name) = e.key
        LEFT JOIN sffdw.mapping_field f
            ON f.mapping_id = mapping.mapping_id
            AND lower(f.field_name) = coalesce(e.key, lower(k.field_name))
        -- Nearly all are as they were, and the words for what changed cost more than to see that nothing did.
        WHERE k.described IS DISTINCT FROM e.value
        OR k.gone_at IS NOT NULL
    )
    SELECT c.field_name, k.kind, k.old_value, k.new_value
    FROM compared c
    CROSS JOIN LATERAL (VALUES
        (c.before IS NULL,
         'field_added', NULL, sffdw.describe_type(c.now)),
        (c.before IS NOT NULL AND c.now IS NULL AND NOT c.was_gone,
         'field_removed', sffdw.describe_type(c.before), NULL),
        (c.now IS NOT NULL AND c.was_gone,
         'field_returned', NULL, sffdw.describe_type(c.now)),
        (c.before ->> 'type' <> c.now ->> 'type',
         'type_changed', sffdw.describe_type(c.before), sffdw.describe_type(c.now)),
        (c.is_mapped AND (c.before ->> 'length')::integer < (c.now ->> 'length')::integer,
         'length_increased', c.before ->> 'length', c.now ->> 'length'),
        (c.is_mapped AND (c.before ->> 'length')::integer > (c.now ->> 'length')::integer
         AND c.before ->> 'type' = c.now ->> 'type',
         'length_decreased', c.before ->> 'length', c.now ->> 'length'),
        (c.is_mapped AND c.before ->> 'type' = c.now ->> 'type'
         AND (c.before ->> 'precision', c.before ->> 'scale') <> (c.now ->> 'precision', c.now ->> 'scale'),
         'precision_changed', sffdw.describe_type(c.before), sffdw.describe_type(c.now)),
        (c.is_mapped AND c.before -> 'reference_to' <> c.now -> 'reference_to',
         'reference_changed', sffdw.describe_type(c.before), sffdw.describe_type(c.now)),
        (c.is_mapped AND mapping.access = 'read_write'
         AND ((c.before -> 'createable')::boolean AND NOT (c.now -> 'createable')::boolean
              OR (c.before -> 'updateable')::boolean AND NOT (c.now -> 'updateable')::boolean),
         'field_read_only', sffdw.write_rights(c.before), sffdw.write_rights(c.now)),
        (c.is_mapped AND mapping.access = 'read_write'
         AND (NOT (c.before -> 'createable')::boolean AND (c.now -> 'createable')::boolean
              OR NOT (c.before -> 'updateable')::boolean AND (c.now -> 'updateable')::boolean),
         'field_writable', sffdw.write_rights(c.before), sffdw.write_rights(c.now)),
        (mapping.access = 'read_write' AND sffdw.is_required(c.now) AND c.before IS DISTINCT FROM c.now
         AND NOT sffdw.is_required(coalesce(c.before, '{}')),
         'field_required', NULL, NULL),
        (c.is_mapped AND c.before -> 'picklist_values' <> c.now -> 'picklist_values',
         'picklist_changed', sffdw.without_values(c.before, c.now), sffdw.without_values(c.now, c.before)),
        (c.is_identifier AND (c.before -> 'external_id')::boolean AND NOT (c.now -> 'external_id')::boolean
         OR c.is_identifier AND (c.before -> 'unique')::boolean AND NOT (c.now -> 'unique')::boolean,
         'identifier_changed', NULL, NULL)
    ) AS k (is_so, kind, old_value, new_value)
    WHERE k.is_so;
$function$;

COMMENT ON FUNCTION sffdw.compare_fields(sffdw.mapping, jsonb) IS
    'Return how the fields of a mapping''s object, as _schema_changes gives them, differ from those known: of mapped '
    'fields everything that matters, of others what their live columns must follow, and that they are required.';

CREATE FUNCTION sffdw.find_renamed(mapping sffdw.mapping, fields jsonb)
RETURNS TABLE (old_name text, new_name text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT min(c.field_name) FILTER (WHERE c.kind = 'field_removed'),
           min(c.field_name) FILTER (WHERE c.kind = 'field_added')
    FROM sffdw.compare_fields(mapping, fields) c
    WHERE c.kind = 'field_added'
    OR c.kind = 'field_removed' AND sffdw.is_mapped(mapping.mapping_id, c.field_name)
    GROUP BY coalesce(c.old_value, c.new_value)
    HAVING array_agg(c.kind ORDER BY c.kind) = '{field_added,field_removed}';
$function$;

COMMENT ON FUNCTION sffdw.find_renamed(sffdw.mapping, jsonb) IS
    'Return the mapped fields that vanished while a single field of the same type and length appeared.';

COMMIT;
