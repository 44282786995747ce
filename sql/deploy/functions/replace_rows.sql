-- Deploy sffdw:functions/replace_rows to pg
-- requires: functions/load_page
-- requires: functions/load_stage

BEGIN;

CREATE FUNCTION sffdw.stage_differences(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_names  text;
    v_staged text;
    v_count  bigint;
BEGIN
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(format('s.%I', c.column_name), ', ')
    INTO STRICT v_names, v_staged
    FROM sffdw.merge_columns(connection, mapping) c;
    EXECUTE format($query$
        INSERT INTO %1$s (_ordinal, _gone, _leaves, _stamp, _creator, %2$s)
        SELECT row_number() OVER (), s._gone, s._leaves, s._stamp, s._creator, %3$s
        FROM %4$s s
        LEFT JOIN %5$s t ON t.sfid = s.sfid
        WHERE NOT s._unread
        AND CASE
            WHEN s._gone THEN t.id IS NOT NULL
            ELSE t.id IS NULL OR (%6$s)
        END
    $query$, stage, v_names, v_staged, sffdw.load_stage(connection, mapping),
        sffdw.mapped_table(connection, mapping), sffdw.difference(connection, mapping, false));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.stage_differences(sffdw.connection, sffdw.mapping, text) IS
    'Stage for the merge, of what a load has put aside, the records that differ from the local table, and return '
    'their number. Rows that equal their record are neither locked nor written.';

CREATE FUNCTION sffdw.stage_unfound(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO %1$s (_ordinal, _gone, sfid)
        SELECT -row_number() OVER (), true, t.sfid
        FROM %2$s t
        WHERE t.sfid IS NOT NULL
        AND NOT EXISTS (SELECT FROM %3$s s WHERE s.sfid = t.sfid)
    $query$, stage, sffdw.mapped_table(connection, mapping), sffdw.load_stage(connection, mapping));
END
$function$;

COMMENT ON FUNCTION sffdw.stage_unfound(sffdw.connection, sffdw.mapping, text) IS
    'Stage as gone, with places below 0, the local rows that a load has not found in Salesforce.';

CREATE FUNCTION sffdw.replace_rows(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stage    text := sffdw.open_stage(connection, mapping);
    v_read     bigint;
    v_differs  bigint;
    v_merged   sffdw.merge_count;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', sffdw.load_stage(connection, mapping)) INTO v_read;
    v_differs := sffdw.stage_differences(connection, mapping, v_stage);
    IF mapping.load_sweeps THEN
        PERFORM sffdw.stage_unfound(connection, mapping, v_stage);
    END IF;
    -- What was settled since the load began may be missing in what it read. Deletes that are implausibly many are set
    -- aside, and wait for a person.
    v_merged := sffdw.merge_page(connection, mapping, v_stage, mapping.load_began_at, 'judge');
    v_merged.unchanged_count := v_merged.unchanged_count + v_read - v_differs;
    PERFORM sffdw.count_sync_run(mapping.run_id, 0, v_merged);
    PERFORM sffdw.drop_load_stage(connection, mapping);
    UPDATE sffdw.mapping m
    SET phase = 'index'
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.replace_rows(sffdw.connection, sffdw.mapping) IS
    'Make the local table what a load has put aside, in this one transaction: only rows that differ are touched, those '
    'that stay keep their id, those that Salesforce no longer has go, and what is not yet sent stays.';

COMMIT;
