-- Deploy sffdw:functions/count_unsent to pg
-- requires: functions/merge_columns
-- requires: functions/sync_setting
-- requires: tables/write_release

BEGIN;

CREATE TYPE sffdw.unsent_count AS (
    entry_count  bigint,
    delete_count bigint
);

COMMENT ON TYPE sffdw.unsent_count IS 'How many entries of a mapping are unsent, or may be: all of them, and DELETEs.';

CREATE FUNCTION sffdw.covered_entries(release sffdw.write_release)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Text, to be planned with the query: a function called for each of half a million entries takes seconds.
    SELECT CASE
        WHEN release.mapping_id IS NULL THEN 'false'
        WHEN release.in_progress = '{}' THEN format('l.id <= %s', release.until_entry)
        ELSE format('l.id <= %s AND (l.txid = ANY (%L::bigint[])) IS NOT TRUE', release.until_entry,
                    release.in_progress)
    END;
$function$;

COMMENT ON FUNCTION sffdw.covered_entries(sffdw.write_release) IS
    'Return the condition on entries (l) of the trigger log that those meet which a person decided about.';

CREATE FUNCTION sffdw.find_release(mapping_id integer)
RETURNS sffdw.write_release
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT r FROM sffdw.write_release r WHERE r.mapping_id = find_release.mapping_id;
$function$;

COMMENT ON FUNCTION sffdw.find_release(integer) IS
    'Return what was last decided about a mapping''s held entries; NULL: nothing that still matters.';

CREATE FUNCTION sffdw.has_discard(mapping_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (SELECT FROM sffdw.write_release r WHERE r.mapping_id = has_discard.mapping_id AND r.is_discard);
$function$;

COMMENT ON FUNCTION sffdw.has_discard(integer) IS 'Whether entries of a mapping are being taken back.';

CREATE FUNCTION sffdw.count_unsent(connection sffdw.connection, mapping sffdw.mapping, release sffdw.write_release)
RETURNS sffdw.unsent_count
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count sffdw.unsent_count;
BEGIN
    -- Along an index whichever it is: of state and id behind what was decided, else of state and table.
    EXECUTE format($query$
        SELECT count(*), count(*) FILTER (WHERE l.action = 'DELETE')
        FROM %I._trigger_log l
        WHERE l.state = 'NEW'
        AND l.table_name = $1
        AND %s
    $query$, connection.schema_name, CASE
        WHEN release.in_progress = '{}' THEN format('l.id > %s', release.until_entry)
        ELSE format('NOT (%s)', sffdw.covered_entries(release))
    END)
    INTO v_count
    USING mapping.table_name;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.count_unsent(sffdw.connection, sffdw.mapping, sffdw.write_release) IS
    'Return how many unsent entries of a mapping that decision does not cover.';

CREATE FUNCTION sffdw.has_unsent_beyond(connection sffdw.connection, table_name text, most bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has boolean;
BEGIN
    EXECUTE format($query$
        SELECT count(*) > $2
        FROM (
            SELECT
            FROM %I._trigger_log l
            WHERE l.state = 'NEW'
            AND ($1 IS NULL OR l.table_name = $1)
            LIMIT $2 + 1
        ) l
    $query$, connection.schema_name)
    INTO v_has
    USING table_name, most;
    RETURN v_has;
END
$function$;

COMMENT ON FUNCTION sffdw.has_unsent_beyond(sffdw.connection, text, bigint) IS
    'Whether a table, or with NULL the whole log, has more unsent entries than that; looks at no more of them.';

CREATE FUNCTION sffdw.hold_floor(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(mapping.hold_threshold, least(
        sffdw.sync_setting(connection.options, 'hold_rows'),
        sffdw.sync_setting(connection.options, 'hold_delete_rows'), 100));
$function$;

COMMENT ON FUNCTION sffdw.hold_floor(sffdw.connection, sffdw.mapping) IS
    'Return how many unsent entries a mapping may have at any rate.';

CREATE FUNCTION sffdw.hold_limits(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    unsent     sffdw.unsent_count
)
RETURNS sffdw.unsent_count
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_percent        CONSTANT integer := greatest(sffdw.sync_setting(connection.options, 'hold_percent'), 1);
    v_delete_percent CONSTANT integer := greatest(sffdw.sync_setting(connection.options, 'hold_delete_percent'), 1);
    v_rows           bigint;
BEGIN
    IF mapping.hold_threshold IS NOT NULL THEN
        RETURN ROW(mapping.hold_threshold, mapping.hold_threshold)::sffdw.unsent_count;
    END IF;
    -- Rows that are deleted but not in Salesforce yet count as rows; they are counted up to where the entries are few
    -- among them.
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s LIMIT $1) t', sffdw.mapped_table(connection, mapping))
    INTO v_rows
    USING greatest(unsent.entry_count * 100 / v_percent, unsent.delete_count * 100 / v_delete_percent) + 1;
    v_rows := v_rows + unsent.delete_count;
    RETURN ROW(greatest(sffdw.sync_setting(connection.options, 'hold_rows'), v_rows * v_percent / 100),
               greatest(v_rows * v_delete_percent / 100, least(
                   sffdw.sync_setting(connection.options, 'hold_delete_rows'), greatest(100, v_rows * 3 / 4)))
           )::sffdw.unsent_count;
END
$function$;

COMMENT ON FUNCTION sffdw.hold_limits(sffdw.connection, sffdw.mapping, sffdw.unsent_count) IS
    'Return how many unsent entries a mapping may have, and how many DELETEs: its hold_threshold; else hold_percent of '
    'its rows, and hold_rows at least; for DELETEs hold_delete_percent and hold_delete_rows, in a small table three '
    'quarters and 100 rows at least. Exact where it is less than the unsent ones.';

COMMIT;
