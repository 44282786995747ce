-- Deploy sffdw:functions/verify_mapping to pg
-- requires: functions/check_metadata
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/require_owner
-- requires: functions/retry_deferred
-- requires: functions/start_run
-- requires: functions/verify_page

BEGIN;

CREATE FUNCTION sffdw.repair_mapping(connection sffdw.connection, mapping_id integer, run_id bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
BEGIN
    -- As a poll's last steps, and with polls kept out: they merge by themselves.
    SELECT m.*
    INTO STRICT v_mapping
    FROM sffdw.mapping m
    WHERE m.mapping_id = repair_mapping.mapping_id
    FOR NO KEY UPDATE;
    v_mapping.phase := 'deferred';
    v_mapping.run_id := run_id;
    v_mapping.window_opened_at := clock_timestamp();
    WHILE sffdw.settle_aside(connection, v_mapping, true) LOOP
        NULL;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.repair_mapping(sffdw.connection, integer, bigint) IS
    'Make the steps that end a poll now: delete rows whose records are gone, if they are plausibly few, and read '
    'what is set aside.';

CREATE TYPE sffdw.verification_count AS (
    object_name     text,
    org_count       bigint,
    local_count     bigint,
    missing_count   bigint,
    extra_count     bigint,
    different_count bigint,
    pending_count   bigint
);

COMMENT ON TYPE sffdw.verification_count IS 'What the comparison of both sides of a mapping found.';

CREATE FUNCTION sffdw.verify_whole(connection sffdw.connection, mapping sffdw.mapping, repair boolean)
RETURNS sffdw.verification_count
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before       record := sffdw.own_calls(connection);
    v_verification sffdw.verification := sffdw.begin_verification(mapping, true);
BEGIN
    WHILE v_verification.ended_at IS NULL LOOP
        v_verification := sffdw.verify_page(connection, mapping, v_verification, repair);
    END LOOP;
    IF repair THEN
        PERFORM sffdw.repair_mapping(connection, mapping.mapping_id, v_verification.run_id);
    END IF;
    PERFORM sffdw.charge_verification(connection, v_verification.run_id, v_before.call_count, v_before.byte_count);
    RETURN (mapping.object_name, v_verification.org_count, v_verification.local_count, v_verification.missing_count,
            v_verification.extra_count, v_verification.different_count, v_verification.pending_count);
END
$function$;

COMMENT ON FUNCTION sffdw.verify_whole(sffdw.connection, sffdw.mapping, boolean) IS
    'Compare both sides of a mapping by all its fields, in one go, and make them equal if repair.';

CREATE FUNCTION sffdw.verify_each(object_name text, repair boolean, connection_name text)
RETURNS SETOF sffdw.verification_count
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping    sffdw.mapping;
    v_caught     jsonb;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    PERFORM sffdw.refuse_unavailable(v_connection);
    PERFORM sffdw.refuse_recovery(v_connection);
    IF object_name IS NOT NULL THEN
        PERFORM sffdw.find_mapping(v_connection.connection_id, object_name);
    END IF;
    v_caught := sffdw.check_run(v_connection.connection_id);
    IF v_caught IS NOT NULL THEN
        PERFORM sffdw.raise_caught(v_caught);
    END IF;
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id
        AND (verify_each.object_name IS NULL OR lower(m.object_name) = lower(verify_each.object_name))
        ORDER BY m.object_name
    LOOP
        RETURN NEXT sffdw.verify_whole(v_connection, v_mapping, repair);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.verify_each(text, boolean, text) IS
    'Compare both sides of one mapping or of all. Raises as verify_mapping.';

CREATE FUNCTION sffdw.verify_mapping(
    object_name     text DEFAULT NULL,
    repair          boolean DEFAULT false,
    connection_name text DEFAULT 'salesforce'
)
RETURNS TABLE (
    object_name     text,
    org_count       bigint,
    local_count     bigint,
    missing_count   bigint,
    extra_count     bigint,
    different_count bigint,
    pending_count   bigint
)
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT * FROM sffdw.verify_each($1, $2, $3);
$function$;

COMMENT ON FUNCTION sffdw.verify_mapping(text, boolean, text) IS
    'Compare both sides of one mapping, or of all, by all mapped fields and return what was found: records without a '
    'row, rows without a record, rows with other values, and rows whose local change is not sent yet, which are none '
    'of these. With repair they are made equal the way polls do it. sffdw.drift lists them. Reads every record: a '
    'call for each 2,000. Raises insufficient_privilege, undefined_object, SF002 and what a read raises.';

COMMIT;
