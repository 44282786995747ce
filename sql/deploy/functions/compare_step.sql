-- Deploy sffdw:functions/compare_step to pg
-- requires: functions/first_look
-- requires: functions/start_run
-- requires: functions/verify_page

BEGIN;

CREATE FUNCTION sffdw.open_verification(connection sffdw.connection, mapping sffdw.mapping, at timestamptz)
RETURNS sffdw.verification
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_new  sffdw.verification := sffdw.begin_verification(mapping, false);
    v_last sffdw.verification;
BEGIN
    SELECT v.* INTO v_last FROM sffdw.verification v WHERE v.mapping_id = mapping.mapping_id;
    v_new.seen_until := mapping.watermark_at;
    v_new.stale_since := v_last.seen_until
                         - make_interval(secs => 2 * sffdw.sync_setting(connection.options, 'sweep_window_s'));
    v_new.next_at := at + make_interval(secs => sffdw.sync_setting(connection.options, 'compare_interval_s'));
    DELETE FROM sffdw.verification v WHERE v.mapping_id = mapping.mapping_id;
    INSERT INTO sffdw.verification SELECT v_new.*;
    RETURN v_new;
END
$function$;

COMMENT ON FUNCTION sffdw.open_verification(sffdw.connection, sffdw.mapping, timestamptz) IS
    'Begin to compare a mapping''s Ids with those of its table.';

CREATE FUNCTION sffdw.verify_stored_page(
    connection   sffdw.connection,
    mapping      sffdw.mapping,
    verification sffdw.verification
)
RETURNS sffdw.verification
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    verification := sffdw.verify_page(connection, mapping, verification, true);
    UPDATE sffdw.verification v
    SET ended_at = verification.ended_at,
        cursor_id = verification.cursor_id,
        org_count = verification.org_count,
        local_count = verification.local_count,
        missing_count = verification.missing_count,
        extra_count = verification.extra_count,
        different_count = verification.different_count,
        pending_count = verification.pending_count
    WHERE v.mapping_id = verification.mapping_id;
    RETURN verification;
END
$function$;

COMMENT ON FUNCTION sffdw.verify_stored_page(sffdw.connection, sffdw.mapping, sffdw.verification) IS
    'Compare the next page of a stored verification; what it found and how far it came commit together.';

CREATE FUNCTION sffdw.compare_in_poll(connection sffdw.connection, mapping sffdw.mapping, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_verification sffdw.verification;
BEGIN
    SELECT v.*
    INTO v_verification
    FROM sffdw.verification v
    WHERE v.mapping_id = mapping.mapping_id
    AND v.started_at >= mapping.window_opened_at
    FOR UPDATE;
    IF NOT FOUND THEN
        v_verification := sffdw.open_verification(connection, mapping, due_at);
    END IF;
    IF v_verification.ended_at IS NULL THEN
        v_verification := sffdw.verify_stored_page(connection, mapping, v_verification);
    END IF;
    IF v_verification.ended_at IS NOT NULL THEN
        UPDATE sffdw.mapping m SET phase = 'deferred' WHERE m.mapping_id = mapping.mapping_id;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.compare_in_poll(sffdw.connection, sffdw.mapping, timestamptz) IS
    'As a step of a poll, where the delete log does not say what was deleted: compare the next page of Ids.';

CREATE FUNCTION sffdw.choose_comparison(connection sffdw.connection, at timestamptz)
RETURNS integer
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.mapping_id
    FROM sffdw.mapping m
    LEFT JOIN sffdw.verification v USING (mapping_id)
    WHERE m.connection_id = connection.connection_id
    AND m.watermark_at IS NOT NULL
    AND m.phase IS DISTINCT FROM 'load'
    AND m.phase IS DISTINCT FROM 'verify'
    AND coalesce(v.retry_at, '-infinity') <= clock_timestamp()
    AND (v.ended_at IS NULL AND v.started_at IS NOT NULL
         OR coalesce(v.next_at, m.created_at + make_interval(
             secs => sffdw.sync_setting(connection.options, 'compare_interval_s'))) <= at)
    ORDER BY v.ended_at IS NULL AND v.started_at IS NOT NULL DESC, v.next_at NULLS FIRST, m.mapping_id
    LIMIT 1;
$function$;

COMMENT ON FUNCTION sffdw.choose_comparison(sffdw.connection, timestamptz) IS
    'Return the mapping whose Ids are to be compared: one that is under way, else one that is due; NULL: none.';

CREATE FUNCTION sffdw.advance_comparison(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before       record := sffdw.own_calls(connection);
    v_verification sffdw.verification;
BEGIN
    SELECT v.*
    INTO STRICT v_verification
    FROM sffdw.verification v
    WHERE v.mapping_id = mapping.mapping_id
    FOR UPDATE;
    v_verification := sffdw.verify_stored_page(connection, mapping, v_verification);
    PERFORM sffdw.charge_verification(connection, v_verification.run_id, v_before.call_count, v_before.byte_count);
    IF v_verification.ended_at IS NOT NULL
    AND v_verification.missing_count + v_verification.extra_count + v_verification.different_count > 0 THEN
        UPDATE sffdw.mapping m
        SET next_poll_at = least(m.next_poll_at, clock_timestamp())
        WHERE m.mapping_id = mapping.mapping_id;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.advance_comparison(sffdw.connection, sffdw.mapping) IS
    'Compare the next page of Ids of a mapping; when it was the last one and something was found, the next poll is '
    'due at once.';

CREATE FUNCTION sffdw.compare_step(connection sffdw.connection, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id      integer := sffdw.choose_comparison(connection, at);
    v_mapping sffdw.mapping;
    v_last    sffdw.verification;
BEGIN
    IF v_id IS NULL
    OR connection.paused_in
    OR connection.throttled_until > clock_timestamp()
    OR sffdw.check_run(connection.connection_id) IS NOT NULL THEN
        RETURN false;
    END IF;
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = v_id;
    IF NOT EXISTS (SELECT FROM sffdw.verification v WHERE v.mapping_id = v_id AND v.ended_at IS NULL) THEN
        SELECT v.* INTO v_last FROM sffdw.verification v WHERE v.mapping_id = v_id;
        PERFORM sffdw.open_verification(connection, v_mapping, at);
    END IF;
    BEGIN
        IF NOT sffdw.look_first(connection, v_mapping, v_last) THEN
            PERFORM sffdw.advance_comparison(connection, v_mapping);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        UPDATE sffdw.verification v
        SET retry_at = clock_timestamp() + interval '10 minutes'
        WHERE v.mapping_id = v_id;
        PERFORM sffdw.log_event(connection.connection_id, 'VERIFY ERROR', SQLERRM, 'ERROR', v_mapping.object_name);
    END;
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.compare_step(sffdw.connection, timestamptz) IS
    'Compare one page of Ids of a mapping whose comparison is due, and return whether there may be more to do. An '
    'error is logged, and it goes on where it was ten minutes later.';

COMMIT;
