-- Deploy sffdw:functions/sweep_page to pg
-- requires: functions/load_page
-- requires: functions/request_field_sweep

BEGIN;

CREATE FUNCTION sffdw.plan_formula_sweep(mapping sffdw.mapping, options jsonb, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns  name[] := sffdw.calculated_columns(mapping.mapping_id);
    v_interval interval := make_interval(secs => sffdw.sync_setting(options, 'formula_interval_s'));
BEGIN
    IF cardinality(v_columns) = 0 OR mapping.next_formula_at > due_at THEN
        RETURN;
    END IF;
    IF mapping.next_formula_at IS NOT NULL THEN
        PERFORM sffdw.request_field_sweep(mapping.mapping_id, 'formula', v_columns);
    END IF;
    UPDATE sffdw.mapping m
    SET next_formula_at = due_at + v_interval
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.plan_formula_sweep(sffdw.mapping, jsonb, timestamptz) IS
    'Have formulas and roll-ups read again once in formula_interval_s of the connection''s options; the first time '
    'one interval after the mapping''s first poll.';

CREATE FUNCTION sffdw.finish_sweep(mapping sffdw.mapping, sweep sffdw.field_sweep)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    DELETE FROM sffdw.field_sweep s
    WHERE s.mapping_id = sweep.mapping_id
    AND s.purpose = sweep.purpose;
    mapping.run_id := sweep.run_id;
    PERFORM sffdw.close_sync_run(mapping, 'ok');
END
$function$;

COMMENT ON FUNCTION sffdw.finish_sweep(sffdw.mapping, sffdw.field_sweep) IS
    'End a sweep and its run.';

CREATE FUNCTION sffdw.set_aside_crossing(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    after_id   text,
    last_id    text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO sffdw.deferred_record (mapping_id, sfid, reason)
        SELECT $1, t.sfid, 'left'
        FROM %2$s t
        WHERE %3$s > $2
        AND ($3 IS NULL OR %3$s <= $3)
        AND NOT EXISTS (SELECT FROM %1$s s WHERE s.sfid = t.sfid AND NOT s._gone)
        UNION ALL
        SELECT $1, s.sfid, 'left'
        FROM %1$s s
        WHERE NOT s._gone
        AND NOT EXISTS (SELECT FROM %2$s t WHERE t.sfid = s.sfid)
        ON CONFLICT ON CONSTRAINT deferred_record_pkey DO NOTHING
    $query$, stage, sffdw.mapped_table(connection, mapping), sffdw.binary_sfid(connection, mapping))
    USING mapping.mapping_id, after_id, last_id;
    -- The others' formulas are compared. What the merge skips it would strike off again.
    EXECUTE format('DELETE FROM %s s WHERE s._gone OR NOT EXISTS (SELECT FROM %s t WHERE t.sfid = s.sfid)', stage,
                   sffdw.mapped_table(connection, mapping));
END
$function$;

COMMENT ON FUNCTION sffdw.set_aside_crossing(sffdw.connection, sffdw.mapping, text, text, text) IS
    'Set aside, to be read by their Ids in the next poll, the records between two Ids, the last one included or NULL for '
    'no end, that have crossed the row filter: rows that are here although the page read through the filter does not '
    'hold them, and records that it holds although they are not here.';

CREATE FUNCTION sffdw.sweep_page(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_narrow  sffdw.mapping := mapping;
    v_sweep   sffdw.field_sweep;
    v_stage   text;
    v_count   integer;
    v_last    text;
    v_is_last boolean;
BEGIN
    SELECT s.*
    INTO STRICT v_sweep
    FROM sffdw.field_sweep s
    WHERE s.mapping_id = mapping.mapping_id
    ORDER BY s.purpose
    LIMIT 1;
    v_sweep.run_id := coalesce(v_sweep.run_id, sffdw.open_sync_run(mapping, v_sweep.purpose));
    v_narrow.narrowed_to := v_sweep.columns;
    v_stage := sffdw.open_stage(connection, v_narrow);
    v_count := sffdw.read_page(
        connection, v_narrow, v_stage, CASE v_sweep.purpose WHEN 'formula' THEN 'formula' ELSE 'load' END,
        sffdw.keyset(NULL, v_sweep.cursor_id));
    v_last := sffdw.last_record_id(v_stage);
    v_is_last := v_count < sffdw.sync_setting(connection.options, 'page_size');
    -- A filter that was altered is followed by a load.
    IF v_sweep.purpose = 'formula' AND mapping.filter_expression IS NOT NULL AND NOT mapping.filter_changed THEN
        PERFORM sffdw.set_aside_crossing(
            connection, mapping, v_stage, v_sweep.cursor_id, CASE WHEN NOT v_is_last THEN v_last END);
    END IF;
    UPDATE sffdw.field_sweep s
    SET run_id = v_sweep.run_id,
        cursor_id = coalesce(v_last, s.cursor_id),
        row_count = s.row_count + v_count
    WHERE s.mapping_id = v_sweep.mapping_id
    AND s.purpose = v_sweep.purpose;
    PERFORM sffdw.count_sync_run(
        v_sweep.run_id, v_count, sffdw.merge_page(connection, v_narrow, v_stage, v_read_at));
    IF v_is_last THEN
        PERFORM sffdw.finish_sweep(mapping, v_sweep);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.sweep_page(sffdw.connection, sffdw.mapping) IS
    'Read the next page of a mapping''s columns that are read again, and merge it; rows and cursor commit together. '
    'Only rows that are here are touched: new records are the polls'' business, and so is what has crossed the row filter.';

COMMIT;
