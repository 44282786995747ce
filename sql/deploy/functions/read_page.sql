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

CREATE FUNCTION sffdw.stage_records(
    connection  sffdw.connection,
    mapping     sffdw.mapping,
    stage       text,
    purpose     text,
    condition   text,
    scope       text,
    names       text,
    expressions text
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count  integer;
    v_leaves text := '(' || mapping.filter_expression || ') IS NOT TRUE';
    v_pushed text := '';
BEGIN
    IF mapping.narrowed_to IS NOT NULL AND purpose <> 'formula' THEN
        v_leaves := NULL;
    END IF;
    -- A poll must see what leaves the filter; the other reads need not.
    IF mapping.filter_expression IS NOT NULL AND purpose <> 'poll' AND NOT mapping.filter_changed THEN
        v_pushed := coalesce(' AND l._filter = ' || quote_literal(sffdw.filter_soql(connection, mapping)), '');
    END IF;
    EXECUTE format($query$
        INSERT INTO %1$s (_ordinal, _gone, _leaves, _stamp, _creator, %2$s)
        SELECT row_number() OVER (), %3$s OR %12$s, %12$s AND NOT %3$s, %4$s, %5$s, %6$s
        FROM %7$s l
        WHERE l._scope = %8$L
        AND l._purpose = %9$L
        AND l._mapping = %10$L
        AND %11$s%13$s
    $query$,
        stage, names,
        -- What crosses a filter by a formula is looked for among the records that are there.
        CASE
            WHEN v_leaves IS NOT NULL AND sffdw.has_live_column(connection, mapping, 'isdeleted')
                THEN 'coalesce(l.isdeleted, false)'
            ELSE sffdw.live_expression(connection, mapping, 'isdeleted', 'coalesce(l.isdeleted, false)', 'false')
        END,
        sffdw.live_expression(connection, mapping, 'systemmodstamp', 'l.systemmodstamp', 'NULL::timestamptz'),
        sffdw.live_expression(connection, mapping, 'createdbyid', 'l.createdbyid', 'NULL'),
        expressions, sffdw.live_table(connection, mapping), scope, purpose, mapping.mapping_id::text, condition,
        coalesce(v_leaves, 'false'), v_pushed);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.stage_records(
    sffdw.connection, sffdw.mapping, text, text, text, text, text, text) IS
    'Read records from Salesforce into these columns of the stage by one statement and return how many came. '
    'Raises program_limit_exceeded for a record that is too wide for a row.';

CREATE FUNCTION sffdw.fill_records(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    purpose    text,
    scope      text,
    span       int8range
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids         text;
    v_names       text;
    v_expressions text;
    v_assigned    text;
BEGIN
    EXECUTE format('SELECT string_agg(quote_literal(s.sfid), '', '') FROM %s s '
                   'WHERE s._ordinal <@ $1 AND s._verdict = ''skip''', stage)
    INTO v_ids
    USING span;
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(c.expression, ', '),
           string_agg(format('%1$I = r.%1$I', c.column_name), ', ')
    INTO STRICT v_names, v_expressions, v_assigned
    FROM sffdw.merge_columns(connection, mapping) c;
    EXECUTE format($query$
        WITH record (_id, %2$s) AS MATERIALIZED (
            SELECT l.id, %3$s
            FROM %4$s l
            WHERE l._scope = %5$L
            AND l._purpose = %6$L
            AND l._mapping = %7$L
            AND l.id IN (%8$s)
        )
        UPDATE %1$s s
        SET _verdict = NULL, %9$s
        FROM record r
        WHERE s.sfid COLLATE "C" = r._id COLLATE "C"
    $query$, stage, v_names, v_expressions, sffdw.live_table(connection, mapping), scope, purpose,
        mapping.mapping_id::text, v_ids, v_assigned);
END
$function$;

COMMENT ON FUNCTION sffdw.fill_records(sffdw.connection, sffdw.mapping, text, text, text, int8range) IS
    'Read the mapped columns of staged records of which only the Id is known. '
    'Raises program_limit_exceeded for a record that is too wide for a row.';

CREATE FUNCTION sffdw.isolate_wide_records(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    purpose    text,
    scope      text,
    row_count  bigint
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_spans  int8range[] := ARRAY[int8range(1, row_count + 1)];
    v_span   int8range;
    v_middle bigint;
BEGIN
    -- A record that is gone when it is read again stays skip: it is no longer a page's business.
    EXECUTE format('UPDATE %s SET _verdict = ''skip'' WHERE NOT _gone', stage);
    WHILE cardinality(v_spans) > 0 LOOP
        v_span := v_spans[1];
        v_spans := v_spans[2:];
        BEGIN
            PERFORM sffdw.fill_records(connection, mapping, stage, purpose, scope, v_span);
        EXCEPTION WHEN program_limit_exceeded THEN
            IF upper(v_span) - lower(v_span) = 1 THEN
                EXECUTE format('UPDATE %s SET _verdict = ''refused'', _error = $1 WHERE _ordinal = $2', stage)
                USING SQLERRM, lower(v_span);
            ELSE
                v_middle := (lower(v_span) + upper(v_span)) / 2;
                v_spans := ARRAY[int8range(lower(v_span), v_middle), int8range(v_middle, upper(v_span))] || v_spans;
            END IF;
        END;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.isolate_wide_records(sffdw.connection, sffdw.mapping, text, text, text, bigint) IS
    'Fill the stage, in which only Ids are, by halves, so that records too wide for a row are found, which are marked '
    'as refused, and do not stop the others.';

CREATE FUNCTION sffdw.read_records(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    purpose    text,
    condition  text
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_scope       text := sffdw.read_scope(connection, mapping);
    v_names       text;
    v_expressions text;
    v_count       integer;
BEGIN
    PERFORM sffdw.check_call_cap(connection, mapping);
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(c.expression, ', ')
    INTO STRICT v_names, v_expressions
    FROM sffdw.merge_columns(connection, mapping) c;
    BEGIN
        RETURN sffdw.stage_records(
            connection, mapping, stage, purpose, condition, v_scope, v_names, v_expressions);
    EXCEPTION WHEN program_limit_exceeded THEN
        v_count := sffdw.stage_records(connection, mapping, stage, purpose, condition, v_scope, 'sfid', 'l.id');
        PERFORM sffdw.isolate_wide_records(connection, mapping, stage, purpose, v_scope, v_count);
        RETURN v_count;
    END;
END
$function$;

COMMENT ON FUNCTION sffdw.read_records(sffdw.connection, sffdw.mapping, text, text, text) IS
    'Read records from Salesforce into the stage, by one statement unless one is too wide for a row, and return how '
    'many came. Raises SF003 when the mapping''s daily_call_cap is used up.';

CREATE FUNCTION sffdw.read_page(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    purpose    text,
    after      text,
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
        END);
$function$;

COMMENT ON FUNCTION sffdw.read_page(sffdw.connection, sffdw.mapping, text, text, text, timestamptz) IS
    'Read the page that follows a keyset position into the stage, and return its number of records: fewer than the '
    'page size means that no more follow.';

COMMIT;
