-- Deploy sffdw:functions/compare_record to pg
-- requires: functions/plain_value
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.lookup_column(relationship text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT lower(CASE WHEN relationship LIKE '%\_\_r' THEN left(relationship, -1) || 'c' ELSE relationship || 'Id' END);
$function$;

COMMENT ON FUNCTION sffdw.lookup_column(text) IS
    'Return the live table''s column of the lookup that a relationship is the name of: Account, accountid.';

CREATE FUNCTION sffdw.compare_record(
    mapping_id     integer,
    sent           jsonb,
    found          jsonb,
    OUT sent_count bigint,
    OUT same_count bigint
)
RETURNS record
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A link is sent as {"Account": {"External_Id__c": "x"}}, or null. What cannot be compared is not the same.
    SELECT count(*), count(*) FILTER (WHERE CASE
        WHEN f.column_name IS NOT NULL THEN
            found ? f.column_name::text
            AND sffdw.plain_value(v.value, f.sf_type) = sffdw.plain_value(found -> f.column_name::text, f.sf_type)
        WHEN s.value = 'null' THEN found -> sffdw.lookup_column(s.key) = 'null'
        ELSE false
    END)
    FROM jsonb_each(sent) s
    LEFT JOIN LATERAL (
        SELECT k.key, k.value FROM jsonb_each(CASE jsonb_typeof(s.value) WHEN 'object' THEN s.value END) k LIMIT 1
    ) l ON true
    CROSS JOIN LATERAL (SELECT concat_ws('.', s.key, l.key) AS field_name, coalesce(l.value, s.value) AS value) v
    LEFT JOIN sffdw.mapping_field f
    ON f.mapping_id = compare_record.mapping_id AND f.field_name = v.field_name
    WHERE s.key <> 'Id';
$function$;

COMMENT ON FUNCTION sffdw.compare_record(integer, jsonb, jsonb) IS
    'Count the values that were sent, by API name, and those of them that a record which was found, by column, holds.';

CREATE FUNCTION sffdw.is_same_record(mapping_id integer, sent jsonb, found jsonb)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.sent_count > 0 AND c.same_count = c.sent_count
    FROM sffdw.compare_record(mapping_id, sent, found) c;
$function$;

COMMENT ON FUNCTION sffdw.is_same_record(integer, jsonb, jsonb) IS
    'Whether a record that was found, by column, holds all values that were sent, by API name; nothing sent is not '
    'known to be the same.';

COMMIT;
