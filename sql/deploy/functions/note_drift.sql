-- Deploy sffdw:functions/note_drift to pg
-- requires: functions/judge_stage
-- requires: tables/drift_record
-- requires: tables/mapping_progress

BEGIN;

CREATE FUNCTION sffdw.different_fields(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('array_remove(ARRAY[%s], NULL)', string_agg(
        format('CASE WHEN t.%1$I %2$s IS DISTINCT FROM s.%1$I THEN %3$L END', c.column_name,
               CASE WHEN c.is_text THEN 'COLLATE "C"' END, f.field_name), ', ' ORDER BY f.field_name))
    FROM sffdw.merge_columns(connection, mapping) c
    JOIN sffdw.mapping_field f ON f.column_name = c.column_name
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name <> 'SystemModstamp';
$function$;

COMMENT ON FUNCTION sffdw.different_fields(sffdw.connection, sffdw.mapping) IS
    'Return the expression for the names of the fields in which a local row (t) differs from its staged record (s), '
    'SystemModstamp apart.';

CREATE FUNCTION sffdw.note_late(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    -- Beyond sweeps, what a verification of Ids and stamps had read.
    IF mapping.narrowed_to IS NOT NULL
    OR NOT (mapping.phase IN ('changes', 'bulk_changes') AND mapping.late_before IS NOT NULL OR mapping.phase = 'deferred') THEN
        RETURN;
    END IF;
    -- A row with the record's stamp has had its change; what differs in it is an edit that nobody captured.
    EXECUTE format($query$
        INSERT INTO sffdw.drift_record (mapping_id, sfid, kind, fields)
        SELECT $1, s.sfid, coalesce(nullif(d.reason, 'different'), 'late'), CASE s._verdict WHEN 'update' THEN %1$s END
        FROM %2$s s
        LEFT JOIN %3$s t ON t.id = s._local_id
        LEFT JOIN sffdw.deferred_record d ON d.mapping_id = $1 AND d.sfid = s.sfid COLLATE "C"
        WHERE s._verdict IN ('insert', 'update', 'delete')
        AND CASE
            WHEN $2 IS NULL THEN d.reason IN ('missing', 'different')
            ELSE d.sfid IS NULL AND s._stamp < $2
                 AND (t.id IS NULL OR %4$s)
        END
        ON CONFLICT (mapping_id, sfid) WHERE repaired_at IS NULL DO NOTHING
    $query$, sffdw.different_fields(connection, mapping), stage, sffdw.mapped_table(connection, mapping),
        CASE WHEN mapping.has_systemmodstamp THEN 't.systemmodstamp IS DISTINCT FROM s.systemmodstamp' ELSE 'true' END)
    USING mapping.mapping_id, CASE WHEN mapping.phase <> 'deferred' THEN mapping.late_before END;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM sffdw.log_event(
            mapping.connection_id, 'DRIFT FOUND', format('%s changes had been missed', v_count), 'WARNING',
            mapping.object_name, v_count);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.note_late(sffdw.connection, sffdw.mapping, text) IS
    'Note, before the stage is merged, the changes in it that no ordinary poll would have brought: a sweep reads '
    'further back, and a verification says what is to be read by its Id.';

CREATE FUNCTION sffdw.note_repairs(mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Some columns that are equal do not make an equal row.
    IF mapping.narrowed_to IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        UPDATE sffdw.drift_record d
        SET repaired_at = clock_timestamp()
        FROM %s s
        WHERE d.mapping_id = $1
        AND d.repaired_at IS NULL
        AND d.sfid = s.sfid COLLATE "C"
        AND s._verdict IN ('insert', 'update', 'delete', 'same')
    $query$, stage)
    USING mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.note_repairs(sffdw.mapping, text) IS
    'Note, after the stage is merged, which drift is no more.';

COMMIT;
