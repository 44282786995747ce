-- Deploy sffdw:functions/restore_records to pg
-- requires: functions/merge_page
-- requires: functions/sync_runs
-- requires: functions/write_back
-- requires: tables/write_claim

BEGIN;

CREATE TYPE sffdw.discarded_entry AS (
    entry_id  integer,
    action    text,
    record_id integer,
    sfid      text
);

COMMENT ON TYPE sffdw.discarded_entry IS
    'An entry that is being taken back; sfid NULL: Salesforce never had the row.';

CREATE FUNCTION sffdw.discard_entries(connection sffdw.connection, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        UPDATE %I._trigger_log l
        SET state = 'IGNORED',
            sf_message = 'discarded',
            processed_at = clock_timestamp(),
            processed_tx = txid_current(),
            updated_at = clock_timestamp()
        WHERE l.id = ANY ($1)
        AND l.state = 'NEW'
    $query$, connection.schema_name)
    USING entry_ids;
    DELETE FROM sffdw.write_claim c
    WHERE c.connection_id = connection.connection_id
    AND c.entry_id = ANY (entry_ids);
END
$function$;

COMMENT ON FUNCTION sffdw.discard_entries(sffdw.connection, integer[]) IS
    'Give entries that are taken back the state IGNORED, message ''discarded'', and forget their attempts.';

CREATE FUNCTION sffdw.settle_rows(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    sfids      text[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_results sffdw.row_result[];
BEGIN
    EXECUTE format($query$
        SELECT array_agg(ROW(NULL, t.id, NULL, 'SYNCED', NULL)::sffdw.row_result ORDER BY t.id)
        FROM %1$s s
        JOIN %2$s t ON t.id = s._local_id
        WHERE s._verdict = 'same'
        AND s.sfid = ANY ($1)
        AND t._hc_lastop = 'PENDING'
        AND NOT EXISTS (
            SELECT
            FROM %3$I._trigger_log l
            WHERE l.table_name = $2
            AND l.record_id = t.id
            AND l.state IN ('NEW', 'PENDING')
        )
    $query$, stage, sffdw.mapped_table(connection, mapping), connection.schema_name)
    INTO v_results
    USING sfids, mapping.table_name;
    IF v_results IS NOT NULL THEN
        PERFORM sffdw.write_back(connection.run_search_path, sffdw.mapped_table(connection, mapping), v_results);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_rows(sffdw.connection, sffdw.mapping, text, text[]) IS
    'Rows that equal their record after all are SYNCED.';

CREATE FUNCTION sffdw.restore_records(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    entries    sffdw.discarded_entry[],
    run_id     bigint,
    read_count integer,
    read_at    timestamptz
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sfids CONSTANT text[] := array(SELECT e.sfid FROM unnest(entries) e WHERE e.sfid IS NOT NULL);
    v_gone  text[];
BEGIN
    -- First the entries: what is IGNORED protects nothing, what was done since does.
    PERFORM sffdw.discard_entries(connection, array(SELECT e.entry_id FROM unnest(entries) e));
    EXECUTE format($query$
        UPDATE %1$s s
        SET _old_id = e.record_id
        FROM unnest($1) e
        WHERE e.action = 'DELETE'
        AND s.sfid = e.sfid COLLATE "C"
        AND NOT EXISTS (SELECT FROM %2$s t WHERE t.id = e.record_id)
    $query$, stage, sffdw.mapped_table(connection, mapping))
    USING entries;
    PERFORM sffdw.count_sync_run(run_id, read_count, sffdw.merge_page(connection, mapping, stage, read_at));
    PERFORM sffdw.settle_rows(connection, mapping, stage, v_sfids);
    EXECUTE format($query$
        SELECT array_agg(t.sfid)
        FROM %1$s t
        WHERE t.sfid = ANY ($1)
        AND NOT EXISTS (SELECT FROM %2$s s WHERE s.sfid = t.sfid COLLATE "C")
    $query$, sffdw.mapped_table(connection, mapping), stage)
    INTO v_gone
    USING v_sfids;
    PERFORM sffdw.add_gone(mapping.mapping_id, v_gone, 'poll', clock_timestamp());
END
$function$;

COMMENT ON FUNCTION sffdw.restore_records(
    sffdw.connection, sffdw.mapping, text, sffdw.discarded_entry[], bigint, integer, timestamptz) IS
    'Take entries back and give their rows what was read of their records: a deleted one gets its id again where that is '
    'free. Records that did not come are gone.';

COMMIT;
