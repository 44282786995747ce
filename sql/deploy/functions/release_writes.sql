-- Deploy sffdw:functions/release_writes to pg
-- requires: functions/hold_writes

BEGIN;

CREATE FUNCTION sffdw.release_writes(connection sffdw.connection, mapping sffdw.mapping, discard boolean)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_release sffdw.write_release;
BEGIN
    PERFORM sffdw.lock_hold(mapping.mapping_id);
    v_release := sffdw.find_release(mapping.mapping_id);
    -- What is half taken back is taken back.
    IF v_release.is_discard THEN
        RETURN 0;
    END IF;
    -- One statement, one snapshot: the entries that are counted, and the transactions whose entries are not.
    EXECUTE format($query$
        INSERT INTO sffdw.write_release AS r (mapping_id, until_entry, in_progress, is_discard, entry_count, page_wise)
        SELECT $1, max(l.id), array(SELECT x::text::bigint FROM pg_snapshot_xip(pg_current_snapshot()) x), $3, count(*),
               -- A page has ten times as many records as a request by Ids.
               $3 AND count(*) * 10 > (SELECT count(*) FROM %2$s)
        FROM %1$I._trigger_log l
        WHERE l.state = 'NEW'
        AND l.table_name = $2
        HAVING count(*) > 0
        ON CONFLICT ON CONSTRAINT write_release_pkey DO UPDATE
        SET until_entry = excluded.until_entry,
            in_progress = excluded.in_progress,
            is_restored = false,
            is_discard = excluded.is_discard,
            entry_count = excluded.entry_count,
            page_wise = excluded.page_wise,
            cursor_id = '',
            requested_at = excluded.requested_at,
            run_id = NULL
        RETURNING r.*
    $query$, connection.schema_name, sffdw.mapped_table(connection, mapping))
    INTO v_release
    USING mapping.mapping_id, mapping.table_name, discard;
    IF discard AND v_release.mapping_id IS NOT NULL THEN
        UPDATE sffdw.held_change h
        SET reason = 'they are being discarded: polls bring back what Salesforce has'
        WHERE h.mapping_id = mapping.mapping_id
        AND h.direction = 'out';
    ELSE
        DELETE FROM sffdw.held_change h
        WHERE h.mapping_id = mapping.mapping_id
        AND h.direction = 'out';
    END IF;
    PERFORM sffdw.log_event(
        mapping.connection_id, CASE WHEN discard THEN 'CHANGES TO BE DISCARDED' ELSE 'CHANGES RELEASED' END,
        format(CASE WHEN discard THEN '%s changes are taken back by the next polls' ELSE '%s changes are sent' END,
               coalesce(v_release.entry_count, 0)),
        object_name => mapping.object_name, row_count => coalesce(v_release.entry_count, 0));
    RETURN coalesce(v_release.entry_count, 0);
END
$function$;

COMMENT ON FUNCTION sffdw.release_writes(sffdw.connection, sffdw.mapping, boolean) IS
    'Let the entries be sent that a mapping holds at this moment, or have polls take them back; return their number, 0 if '
    'they are being taken back already. What is captured from now on is judged anew.';

COMMIT;
