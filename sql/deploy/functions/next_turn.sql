-- Deploy sffdw:functions/next_turn to pg
-- requires: tables/mapping_progress
-- requires: tables/mapping_schema

BEGIN;

CREATE FUNCTION sffdw.is_due(mapping sffdw.mapping, at timestamptz)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(mapping.next_poll_at, '-infinity') <= at
    AND mapping.state <> 'SCHEMA_CHANGED'
    AND NOT EXISTS (
        SELECT
        FROM sffdw.mapping_schema s
        WHERE s.mapping_id = mapping.mapping_id
        AND s.gone_at IS NOT NULL
    );
$function$;

COMMENT ON FUNCTION sffdw.is_due(sffdw.mapping, timestamptz) IS
    'Whether a mapping''s next poll or load is due, or under way, and can be made.';

CREATE FUNCTION sffdw.next_turn(mapping sffdw.mapping, force boolean, due_at timestamptz)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- A poll of one page goes through its few phases without a break; what stays in one has more pages.
    SELECT CASE
        WHEN NOT force
        AND mapping.phase IS NOT DISTINCT FROM (
            SELECT m.phase
            FROM sffdw.mapping m
            WHERE m.mapping_id = mapping.mapping_id
        )
        AND EXISTS (
            SELECT
            FROM sffdw.mapping m
            WHERE m.connection_id = mapping.connection_id
            AND m.mapping_id <> mapping.mapping_id
            AND sffdw.is_due(m, due_at)
        ) THEN 'yield'
        ELSE 'more'
    END;
$function$;

COMMENT ON FUNCTION sffdw.next_turn(sffdw.mapping, boolean, timestamptz) IS
    'Say after a step of this mapping, as it was before, whose turn is next: more, its own; or yield, that of the others '
    'that are due, before the next page of a load or a long poll.';

COMMIT;
