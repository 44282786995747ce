-- Deploy sffdw:functions/check_sync_write to pg
-- requires: functions/check_connection
-- requires: functions/count_unsent
-- requires: functions/make_request
-- requires: functions/sync_setting
-- requires: tables/held_change

BEGIN;

CREATE FUNCTION sffdw.refuse_other_server(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_problem text := sffdw.find_cluster_mismatch(connection);
BEGIN
    PERFORM sffdw.refuse_recovery(connection);
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION '%', v_problem
            USING ERRCODE = 'SF002',
                  HINT = 'Run sffdw.recover(accept_cluster => true) if this server is now the one that writes.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_other_server(sffdw.connection) IS
    'Stop unless the connection may write from this server. Raises SF002.';

CREATE FUNCTION sffdw.refuse_pause(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF connection.paused_out THEN
        RAISE EXCEPTION 'writes of connection "%" are paused', connection.connection_name
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Changes of object "%s" wait for Salesforce''s answer, and nothing is sent.',
                                  mapping.object_name),
                  HINT = format('Run sffdw.resume(''out'', connection_name => %L).', connection.connection_name);
    ELSIF connection.write_pause_until > clock_timestamp() THEN
        RAISE EXCEPTION 'writes of connection "%" pause until %', connection.connection_name,
            connection.write_pause_until
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = coalesce(connection.last_error, 'A limit of the org was met.'),
                  HINT = 'Repeat the statement then.';
    ELSIF EXISTS (
        SELECT
        FROM sffdw.held_change h
        WHERE h.mapping_id = mapping.mapping_id
        AND h.direction = 'out'
    ) THEN
        RAISE EXCEPTION 'changes of object "%" are held', mapping.object_name
            USING ERRCODE = 'SF013',
                  DETAIL = 'Implausibly many have been made: see sffdw.held_changes.',
                  HINT = format('Run sffdw.release(''out'', %L).', mapping.object_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_pause(sffdw.connection, sffdw.mapping) IS
    'Stop while writes are paused or the mapping''s changes held. Raises object_not_in_prerequisite_state, SF013.';

CREATE FUNCTION sffdw.check_requests(connection sffdw.connection, requests sffdw.write_request[])
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_most  CONSTANT integer := sffdw.sync_setting(connection.options, 'sync_write_max_rows');
    v_count bigint;
    v_kinds bigint;
BEGIN
    SELECT max(k.request_count), count(*) FILTER (WHERE k.operation IN ('insert', 'upsert'))
    INTO v_count, v_kinds
    FROM (SELECT r.operation, count(*) AS request_count FROM unnest(requests) r GROUP BY r.operation) k;
    IF v_count > v_most THEN
        RAISE EXCEPTION 'a statement may change % rows at most that wait for Salesforce, not %', v_most, v_count
            USING ERRCODE = 'program_limit_exceeded',
                  DETAIL = 'Salesforce takes 200 records all or none; more go in several requests, of which the first '
                           'may be stored when a later one is refused.',
                  HINT = 'Change fewer rows at a time, or raise the connection''s option sync_write_max_rows.';
    ELSIF v_most <= 200 AND v_kinds > 1 THEN
        RAISE EXCEPTION 'rows with and without a unique identifier cannot be sent all or none'
            USING ERRCODE = 'program_limit_exceeded',
                  DETAIL = 'Salesforce takes them in two requests: some are upserted, the others created.',
                  HINT = 'Insert them by two statements, or raise the connection''s option sync_write_max_rows above '
                         '200.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_requests(sffdw.connection, sffdw.write_request[]) IS
    'Stop where more than one request would be needed for one kind of change, unless the connection''s option allows '
    'that. Raises program_limit_exceeded.';

CREATE FUNCTION sffdw.refuse_mass(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_counted CONSTANT sffdw.unsent_count := ROW(
        cardinality(requests),
        (SELECT count(*) FROM unnest(requests) r WHERE r.operation = 'delete'))::sffdw.unsent_count;
    v_limits  sffdw.unsent_count;
BEGIN
    IF v_counted.entry_count <= sffdw.hold_floor(connection, mapping) THEN
        RETURN;
    END IF;
    v_limits := sffdw.hold_limits(connection, mapping, v_counted);
    IF v_counted.entry_count > v_limits.entry_count OR v_counted.delete_count > v_limits.delete_count THEN
        RAISE EXCEPTION 'a statement that changes % rows of "%" is held back', v_counted.entry_count,
            mapping.table_name
            USING ERRCODE = 'SF013',
                  DETAIL = format('Implausibly many: more than %s, or than %s deletes.', v_limits.entry_count,
                                  v_limits.delete_count),
                  HINT = format('If it is meant, raise the threshold: sffdw.alter_mapping(%L, hold_threshold => %s).',
                                mapping.object_name, v_counted.entry_count);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_mass(sffdw.connection, sffdw.mapping, sffdw.write_request[]) IS
    'Stop at as many changes in one statement as would be held if they were sent later. Raises SF013.';

CREATE FUNCTION sffdw.refuse_overtaking(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    changes    sffdw.captured_change[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_entry_id integer;
BEGIN
    EXECUTE format($query$
        SELECT min(l.id)
        FROM %I._trigger_log l
        WHERE l.state IN ('NEW', 'PENDING')
        AND l.table_name = $1
        AND l.txid IS DISTINCT FROM txid_current()
        AND l.record_id IN (SELECT c.record_id FROM unnest($2) c)
    $query$, connection.schema_name)
    INTO v_entry_id
    USING mapping.table_name, changes;
    IF v_entry_id IS NOT NULL THEN
        RAISE EXCEPTION 'an older change of the same row has not been sent: entry %', v_entry_id
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'It was captured by a repair function, or in a partition.',
                  HINT = 'Run CALL sffdw.write() first.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_overtaking(sffdw.connection, sffdw.mapping, sffdw.captured_change[]) IS
    'Stop if an older entry of one of the rows waits to be sent. Raises object_not_in_prerequisite_state.';

COMMIT;
