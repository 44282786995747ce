-- Deploy sffdw:functions/poll_job to pg
-- requires: functions/load_chunk
-- requires: functions/poll_page

BEGIN;

CREATE FUNCTION sffdw.consider_bulk(connection sffdw.connection, mapping_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
    v_count   bigint;
BEGIN
    -- Where the server says REST whatever the number, it is not asked for.
    IF sffdw.choose_transport(connection, 9223372036854775807) = 'REST' THEN
        RETURN;
    END IF;
    SELECT m.* INTO STRICT v_mapping FROM sffdw.mapping m WHERE m.mapping_id = consider_bulk.mapping_id;
    v_count := sffdw.count_changes(connection, v_mapping);
    IF sffdw.choose_transport(connection, v_count) <> 'Bulk' THEN
        RETURN;
    END IF;
    DELETE FROM sffdw.load_chunk c WHERE c.mapping_id = v_mapping.mapping_id;
    UPDATE sffdw.mapping m
    SET phase = 'bulk_changes', state = 'POLLING_SF_BULK'
    WHERE m.mapping_id = v_mapping.mapping_id;
    PERFORM sffdw.log_event(v_mapping.connection_id, 'POLLING SF BULK', format('%s changes', v_count),
                            object_name => v_mapping.object_name);
END
$function$;

COMMENT ON FUNCTION sffdw.consider_bulk(sffdw.connection, integer) IS
    'Count what a poll has left after its first page, and have it go on through Bulk if it is more than '
    'bulk_load_threshold.';

CREATE FUNCTION sffdw.open_poll_job(mapping sffdw.mapping)
RETURNS sffdw.load_chunk
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_chunk sffdw.load_chunk;
BEGIN
    INSERT INTO sffdw.load_chunk (mapping_id, chunk_number)
    VALUES (mapping.mapping_id, 1)
    ON CONFLICT DO NOTHING;
    SELECT c.*
    INTO STRICT v_chunk
    FROM sffdw.load_chunk c
    WHERE c.mapping_id = mapping.mapping_id
    FOR NO KEY UPDATE;
    RETURN v_chunk;
END
$function$;

COMMENT ON FUNCTION sffdw.open_poll_job(sffdw.mapping) IS
    'Return how far a poll through Bulk is; a restored dump holds nothing of it, and it begins anew.';

CREATE FUNCTION sffdw.advance_poll_job(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    force      boolean,
    due_at     timestamptz
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_chunk sffdw.load_chunk := sffdw.open_poll_job(mapping);
BEGIN
    IF v_chunk.look_at > clock_timestamp() THEN
        RETURN false;
    ELSIF v_chunk.done_at IS NULL THEN
        PERFORM sffdw.advance_chunk(connection, mapping, v_chunk);
        RETURN true;
    END IF;
    -- The last page is committed: nobody needs the job any more.
    PERFORM sffdw.discard_jobs(connection, mapping);
    DELETE FROM sffdw.load_chunk c WHERE c.mapping_id = mapping.mapping_id;
    PERFORM sffdw.close_window(mapping, force, due_at);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.advance_poll_job(sffdw.connection, sffdw.mapping, boolean, timestamptz) IS
    'Make the next step of a poll through Bulk: create its job, look at it, merge a page, or move the watermark when all '
    'pages are merged. false: Salesforce is still at work. Until the end the cursor stays: whatever happens to the job, '
    'the poll can begin there anew.';

COMMIT;
