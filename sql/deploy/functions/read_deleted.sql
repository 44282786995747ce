-- Deploy sffdw:functions/read_deleted to pg
-- requires: functions/poll_page

BEGIN;

CREATE FUNCTION sffdw.ask_deleted(
    connection         sffdw.connection,
    mapping            sffdw.mapping,
    start_at           timestamptz,
    end_at             timestamptz,
    OUT record_count   integer,
    OUT covered_until  timestamptz,
    OUT available_from timestamptz
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids text[];
BEGIN
    PERFORM sffdw.check_call_cap(connection, mapping);
    EXECUTE format($query$
        SELECT count(d.record_id), min(d.latest_covered_at), max(d.earliest_available_at),
               array_agg(d.record_id) FILTER (WHERE EXISTS (SELECT FROM %5$s t WHERE t.sfid = d.record_id))
        FROM %1$I._deleted d
        WHERE d.object_name = %2$L
        AND d.start_at = %3$L
        AND d.end_at = %4$L
    $query$,
        connection.live_schema_name, mapping.object_name, sffdw.iso_time(start_at), sffdw.iso_time(end_at),
        sffdw.mapped_table(connection, mapping))
    INTO record_count, covered_until, available_from, v_ids;
    -- The delete log names records; whether they are gone for good is asked by their Id, for some have come back.
    PERFORM sffdw.add_gone(mapping.mapping_id, v_ids, 'log');
END
$function$;

COMMENT ON FUNCTION sffdw.ask_deleted(sffdw.connection, sffdw.mapping, timestamptz, timestamptz) IS
    'Ask Salesforce''s delete log and note the records that it names as gone, to be confirmed. Return their '
    'number and, where the log reaches less far than was asked, how far.';

CREATE FUNCTION sffdw.compare_all(mapping sffdw.mapping, reason text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.log_event(mapping.connection_id, 'DELETES MISSED', reason || ': all Ids are compared', 'WARNING',
                            mapping.object_name);
    UPDATE sffdw.mapping m
    SET phase = 'verify'
    WHERE m.mapping_id = mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.compare_all(sffdw.mapping, text) IS
    'Have the Ids of all records compared by the next steps of a poll, since the delete log does not say which were '
    'deleted.';

CREATE FUNCTION sffdw.read_deleted(connection sffdw.connection, mapping sffdw.mapping, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_end    timestamptz := sffdw.server_time(connection);
    v_start  timestamptz := least(mapping.deleted_until, v_end - interval '2 minutes');
    v_count  integer := 0;
    v_until  timestamptz;
    v_from   timestamptz;
    v_missed text;
    v_detail text;
BEGIN
    BEGIN
        SELECT a.record_count, a.covered_until, a.available_from
        INTO v_count, v_until, v_from
        FROM sffdw.ask_deleted(connection, mapping, v_start, v_end) a;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
        IF concat(SQLERRM, v_detail) !~ 'INVALID_REPLICATION_DATE|EXCEEDED_ID_LIMIT' THEN
            RAISE;
        END IF;
        v_missed := concat_ws(': ', SQLERRM, v_detail);
    END;
    IF v_from > v_start THEN
        v_missed := format('the delete log begins at %s', v_from);
    END IF;
    PERFORM sffdw.count_sync_run(mapping.run_id, v_count, (0, 0, 0, 0, 0));
    UPDATE sffdw.mapping m
    SET phase = 'deferred',
        state = 'POLLING_SF_FOR_DELETES',
        -- An empty answer reaches to the minute that is not over yet.
        deleted_until = least(v_end - interval '1 minute', v_until),
        next_deletes_at = due_at + make_interval(secs => sffdw.sync_setting(connection.options, 'delete_interval_s'))
    WHERE m.mapping_id = mapping.mapping_id;
    IF v_missed IS NOT NULL THEN
        PERFORM sffdw.compare_all(mapping, v_missed);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.read_deleted(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Learn from Salesforce''s delete log what was deleted since it was last asked. If the log no longer reaches back '
    'that far, or holds too many, all Ids are compared.';

COMMIT;
