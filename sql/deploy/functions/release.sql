-- Deploy sffdw:functions/release to pg
-- requires: functions/check_metadata
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/hold_deletes
-- requires: functions/log_event
-- requires: functions/release_writes
-- requires: functions/require_owner

BEGIN;

CREATE FUNCTION sffdw.release_deletes(connection sffdw.connection, mapping sffdw.mapping, discard boolean)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    -- Asked for once more either way: what has come back meanwhile stays.
    UPDATE sffdw.gone_record g
    SET confirmed_at = NULL,
        is_released = NOT discard,
        kept_until = CASE WHEN discard THEN clock_timestamp() + make_interval(
            secs => sffdw.sync_setting(connection.options, 'compare_interval_s')) END,
        tried_at = NULL,
        attempts = 0
    WHERE g.mapping_id = mapping.mapping_id
    AND g.kept_until IS NULL
    AND NOT g.is_released;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    DELETE FROM sffdw.held_change h
    WHERE h.mapping_id = mapping.mapping_id
    AND h.direction = 'in'
    AND h.action = 'DELETE';
    UPDATE sffdw.mapping m
    SET next_poll_at = least(m.next_poll_at, clock_timestamp())
    WHERE m.mapping_id = mapping.mapping_id
    AND NOT discard;
    PERFORM sffdw.log_event(
        mapping.connection_id, CASE WHEN discard THEN 'DELETES DISCARDED' ELSE 'DELETES RELEASED' END,
        format(CASE WHEN discard THEN '%s rows are kept' ELSE '%s rows are deleted by the next poll' END, v_count),
        object_name => mapping.object_name, row_count => v_count);
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.release_deletes(sffdw.connection, sffdw.mapping, boolean) IS
    'Have the next poll delete the rows that are held, or keep them until compare_interval_s has passed.';

CREATE FUNCTION sffdw.release(
    direction       text,
    object_name     text DEFAULT NULL,
    discard         boolean DEFAULT false,
    connection_name text DEFAULT 'salesforce'
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping    sffdw.mapping;
    v_count      bigint := 0;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    IF coalesce(direction, '') NOT IN ('in', 'out') THEN
        RAISE EXCEPTION 'invalid value for "direction": %', coalesce(direction, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Valid values are: in, out.';
    END IF;
    IF object_name IS NOT NULL THEN
        PERFORM sffdw.find_mapping(v_connection.connection_id, object_name);
    END IF;
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id
        AND (release.object_name IS NULL OR lower(m.object_name) = lower(release.object_name))
        AND EXISTS (
            SELECT
            FROM sffdw.held_change h
            WHERE h.mapping_id = m.mapping_id
            AND h.direction = release.direction
        )
        ORDER BY m.mapping_id
        FOR NO KEY UPDATE OF m
    LOOP
        v_count := v_count + CASE direction
            WHEN 'in' THEN sffdw.release_deletes(v_connection, v_mapping, discard)
            ELSE sffdw.release_writes(v_connection, v_mapping, discard)
        END;
    END LOOP;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.release(text, text, boolean, text) IS
    'Let the changes happen that sffdw.held_changes shows, of one object or of all, or discard them; return their '
    'number. direction in: rows are deleted by the next poll once their records are confirmed to be gone; discarded, '
    'the rows stay, and are looked at again after compare_interval_s. direction out: the entries that are unsent now '
    'are sent; discarded, they become IGNORED page by page in the next polls, which bring the rows what Salesforce has: '
    'deleted rows come back, rows that Salesforce never had go. Raises insufficient_privilege, undefined_object, '
    'invalid_parameter_value.';

COMMIT;
