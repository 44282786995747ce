-- Deploy sffdw:functions/confirm_made to pg
-- requires: functions/ask_records
-- requires: functions/make_request

BEGIN;

CREATE FUNCTION sffdw.find_gone(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    requests   sffdw.write_request[]
)
RETURNS SETOF integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
    v_asked sffdw.write_request[] := requests;
BEGIN
    -- Of a record that is in the table polls say when it goes.
    IF to_regclass(v_table) IS NOT NULL THEN
        EXECUTE format('SELECT array_agg(r) FROM unnest($1) r LEFT JOIN %s t ON t.sfid = r.record ->> ''Id'' '
                       'WHERE t.sfid IS NULL', v_table)
        INTO v_asked
        USING requests;
    END IF;
    IF v_asked IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.entry_id
    FROM unnest(v_asked) r
    WHERE r.record ->> 'Id' NOT IN (
        SELECT a.record_id
        FROM sffdw.ask_records(connection, mapping, format('l.id IN (%s)', (
            SELECT string_agg(DISTINCT quote_literal(k.record ->> 'Id'), ', ') FROM unnest(v_asked) k))) a
        WHERE NOT coalesce((a.content ->> 'isdeleted')::boolean, false));
END
$function$;

COMMENT ON FUNCTION sffdw.find_gone(sffdw.connection, sffdw.mapping, sffdw.write_request[]) IS
    'Return those requests, by entry, whose records are in Salesforce no more: one call, and none where all of them are '
    'in the table. Raises what the call raises.';

CREATE FUNCTION sffdw.confirm_made(connection sffdw.connection, requests sffdw.write_request[])
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_made    CONSTANT sffdw.write_request[] := ARRAY(
        SELECT r FROM unnest(requests) r WHERE r.operation = 'insert' AND r.final_state = 'SUCCESS');
    v_mapping sffdw.mapping;
    v_gone    integer[];
BEGIN
    IF v_made = '{}' THEN
        RETURN requests;
    END IF;
    FOR v_mapping IN
        SELECT m.* FROM sffdw.mapping m WHERE m.mapping_id IN (SELECT r.mapping_id FROM unnest(v_made) r)
    LOOP
        v_gone := ARRAY(SELECT g FROM sffdw.find_gone(connection, v_mapping, ARRAY(
            SELECT r FROM unnest(v_made) r WHERE r.mapping_id = v_mapping.mapping_id)) g);
        requests := ARRAY(
            SELECT r FROM unnest(requests) r WHERE r.entry_id <> ALL (v_gone)
            UNION ALL
            SELECT ROW(k.entry_id, v_mapping.mapping_id, 'insert', v_mapping.object_name, NULL,
                       coalesce(k.record, '{}'), NULL, NULL, NULL)::sffdw.write_request
            FROM (
                SELECT g.entry_id, c.record
                FROM sffdw.read_changes(connection, v_gone) g
                LEFT JOIN sffdw.make_records(connection, v_mapping, ARRAY(
                    SELECT a FROM sffdw.read_changes(connection, v_gone) a)) c ON c.entry_id = g.entry_id
            ) k);
    END LOOP;
    RETURN requests;
END
$function$;

COMMENT ON FUNCTION sffdw.confirm_made(sffdw.connection, sffdw.write_request[]) IS
    'Return the requests, and INSERTs whose records an earlier entry is said to have made as new ones where these '
    'records are gone from Salesforce. Raises what the call to Salesforce raises.';

COMMIT;
