-- Deploy sffdw:functions/read_page to pg
-- requires: functions/check_call_cap
-- requires: functions/open_stage
-- requires: functions/row_filter
-- requires: functions/sync_setting

BEGIN;

CREATE FUNCTION sffdw.iso_time(value timestamptz)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$function$;

COMMENT ON FUNCTION sffdw.iso_time(timestamptz) IS
    'Return a time as arguments of system tables take it, whatever the session''s settings.';

CREATE FUNCTION sffdw.keyset(stamped_at timestamptz, record_id text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(sffdw.iso_time(stamped_at), '') || ',' || coalesce(record_id, '');
$function$;

COMMENT ON FUNCTION sffdw.keyset(timestamptz, text) IS
    'Return a position as the column _after of live tables takes it: records after this (SystemModstamp, Id), or '
    'after this Id if the time is NULL.';

CREATE FUNCTION sffdw.read_records(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    purpose    text,
    condition  text,
    scope      text DEFAULT 'all'
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_names       text;
    v_expressions text;
    v_count       integer;
    v_leaves      text := '(' || mapping.filter_expression || ') IS NOT TRUE';
    v_pushed      text := '';
BEGIN
    PERFORM sffdw.check_call_cap(connection, mapping);
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(c.expression, ', ')
    INTO STRICT v_names, v_expressions
    FROM sffdw.merge_columns(connection, mapping) c;
    IF mapping.narrowed_to IS NOT NULL THEN
        v_leaves := NULL;
    END IF;
    -- A poll must see what leaves the filter; the other reads need not.
    IF mapping.filter_expression IS NOT NULL AND purpose <> 'poll' AND NOT mapping.filter_changed THEN
        v_pushed := coalesce(' AND l._filter = ' || quote_literal(sffdw.filter_soql(connection, mapping)), '');
    END IF;
    EXECUTE format($query$
        INSERT INTO %1$s (_ordinal, _gone, _leaves, _stamp, _creator, %2$s)
        SELECT row_number() OVER (), %3$s OR %12$s, %12$s, %4$s, %5$s, %6$s
        FROM %7$s l
        WHERE l._scope = %8$L
        AND l._purpose = %9$L
        AND l._mapping = %10$L
        AND %11$s%13$s
    $query$,
        stage, v_names,
        sffdw.live_expression(connection, mapping, 'isdeleted', 'coalesce(l.isdeleted, false)', 'false'),
        sffdw.live_expression(connection, mapping, 'systemmodstamp', 'l.systemmodstamp', 'NULL::timestamptz'),
        sffdw.live_expression(connection, mapping, 'createdbyid', 'l.createdbyid', 'NULL'),
        v_expressions, sffdw.live_table(connection, mapping), scope, purpose, mapping.mapping_id::text, condition,
        coalesce(v_leaves, 'false'), v_pushed);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.read_records(sffdw.connection, sffdw.mapping, text, text, text, text) IS
    'Read records from Salesforce into the stage by one statement and return how many came. Raises SF003 when the '
    'mapping''s daily_call_cap is used up.';

CREATE FUNCTION sffdw.read_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    purpose    text,
    after      text,
    scope      text DEFAULT 'all',
    before     timestamptz DEFAULT NULL
)
RETURNS integer
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.read_records(
        connection, mapping, stage, purpose,
        format('l._after = %L AND l._page_size = %L', after, sffdw.sync_setting(connection.options, 'page_size'))
        || CASE
            WHEN before IS NULL THEN ''
            ELSE format(' AND l.systemmodstamp < %L::timestamptz', before)
        END,
        scope);
$function$;

COMMENT ON FUNCTION sffdw.read_page(sffdw.connection, sffdw.mapping, text, text, text, text, timestamptz) IS
    'Read the page that follows a keyset position into the stage, and return its number of records: fewer than the '
    'page size means that no more follow.';

COMMIT;
