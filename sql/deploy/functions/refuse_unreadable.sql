-- Deploy sffdw:functions/refuse_unreadable to pg
-- requires: functions/log_event
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.find_unreadable(connection sffdw.connection, first_id integer, last_id integer)
RETURNS SETOF integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_middle integer := first_id + (last_id - first_id) / 2;
BEGIN
    EXECUTE format('SELECT count(l."values"::%1$I.hstore), count(l.old::%1$I.hstore) FROM %2$I._trigger_log l '
                   'WHERE l.id BETWEEN $1 AND $2', connection.hstore_schema, connection.schema_name)
    USING first_id, last_id;
EXCEPTION WHEN internal_error OR syntax_error OR string_data_right_truncation THEN
    IF first_id = last_id THEN
        RETURN NEXT first_id;
    ELSE
        RETURN QUERY SELECT u FROM sffdw.find_unreadable(connection, first_id, v_middle) u;
        RETURN QUERY SELECT u FROM sffdw.find_unreadable(connection, v_middle + 1, last_id) u;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.find_unreadable(sffdw.connection, integer, integer) IS
    'Return the entries of the trigger log between two ids whose values, new or old, are no hstore text, by halving.';

CREATE FUNCTION sffdw.refuse_unreadable(connection_id integer, error_code text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection;
    v_first      integer;
    v_last       integer;
    v_ids        integer[];
BEGIN
    -- What a text that is no hstore raises; looking for one takes a reading of the whole log.
    IF error_code NOT IN ('XX000', '42601', '22001') THEN
        RETURN false;
    END IF;
    SELECT c.* INTO STRICT v_connection FROM sffdw.connection c WHERE c.connection_id = refuse_unreadable.connection_id;
    EXECUTE format('SELECT min(l.id), max(l.id) FROM %I._trigger_log l', v_connection.schema_name)
    INTO v_first, v_last;
    v_ids := array(SELECT u FROM sffdw.find_unreadable(v_connection, v_first, v_last) u WHERE v_first IS NOT NULL);
    EXECUTE format($query$
        WITH unreadable AS (
            SELECT l.id, l.state, left(concat_ws(' / ', l."values", l.old), 1000) AS logged
            FROM %1$I._trigger_log l
            WHERE l.id = ANY ($1)
            FOR UPDATE SKIP LOCKED
        ), emptied AS (
            UPDATE %1$I._trigger_log l
            SET "values" = NULL,
                old = NULL,
                state = CASE WHEN l.state IN ('NEW', 'IGNORE') THEN 'PENDING' ELSE l.state END,
                updated_at = clock_timestamp()
            FROM unreadable u
            WHERE l.id = u.id
        )
        INSERT INTO sffdw.write_claim AS c (connection_id, entry_id, phase, final_state, status_code, message)
        SELECT $2, u.id, 'answered', 'FAILED', 'UNREADABLE_ENTRY', format('its values are no hstore: %%s', u.logged)
        FROM unreadable u
        WHERE u.state IN ('NEW', 'IGNORE')
        ON CONFLICT ON CONSTRAINT write_claim_pkey DO UPDATE
        SET phase = 'answered', final_state = 'FAILED', record_id = NULL, status_code = excluded.status_code,
            message = excluded.message
    $query$, v_connection.schema_name)
    USING v_ids, connection_id;
    RETURN cardinality(v_ids) > 0;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_unreadable(integer, text) IS
    'After an error with that code: have entries of the trigger log FAILED whose values nobody can read, as they '
    'stop every step that reads the log; what they held is in sf_message. Return whether there were any.';

COMMIT;
