-- Deploy sffdw:functions/hasten_aside to pg
-- requires: functions/merge_columns
-- requires: tables/deferred_attempt
-- requires: tables/gone_record

BEGIN;

CREATE FUNCTION sffdw.hasten_aside(connection sffdw.connection, mapping sffdw.mapping, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
    v_aside CONSTANT text[] := ARRAY(
        SELECT g.sfid
        FROM sffdw.gone_record g
        WHERE g.mapping_id = mapping.mapping_id
        AND g.attempts > 0
        AND g.error IS NULL
        UNION
        SELECT d.sfid
        FROM sffdw.deferred_record d
        WHERE d.mapping_id = mapping.mapping_id
        AND d.attempts > 0
        AND d.reason = 'unsent'
    );
    v_ids   text[];
BEGIN
    IF v_aside = '{}' OR to_regclass(v_table) IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        WITH open AS MATERIALIZED (
            SELECT o.record_id, o.action = 'INSERT' AND o.state = 'PENDING' AND o.sfid IS NULL AS is_nameless
            FROM %2$I._trigger_log o
            WHERE o.state IN ('NEW', 'PENDING')
            AND o.table_name = $3
        )
        SELECT array_agg(a.sfid)
        FROM unnest($1) a (sfid)
        LEFT JOIN %1$s t ON t.sfid = a.sfid
        WHERE CASE
            -- One that nobody had yet might have been an INSERT's on its way.
            WHEN t.id IS NULL THEN NOT EXISTS (SELECT FROM open o WHERE o.is_nameless)
            ELSE t.id IN (SELECT l.record_id FROM %2$I._trigger_log l WHERE l.id = ANY ($2))
                 AND t.id NOT IN (SELECT o.record_id FROM open o)
        END
    $query$, v_table, connection.schema_name)
    INTO v_ids
    USING v_aside, entry_ids, mapping.table_name::text;
    -- They are looked at once a poll all the same: writes may be settled every second.
    UPDATE sffdw.gone_record g
    SET attempts = 0
    WHERE g.mapping_id = mapping.mapping_id
    AND g.sfid = ANY (v_ids);
    UPDATE sffdw.deferred_record d
    SET attempts = 0
    WHERE d.mapping_id = mapping.mapping_id
    AND d.sfid = ANY (v_ids);
END
$function$;

COMMENT ON FUNCTION sffdw.hasten_aside(sffdw.connection, sffdw.mapping, integer[]) IS
    'Have the next poll look again at records that were set aside until these entries were settled, however long the '
    'pauses have become.';

COMMIT;
