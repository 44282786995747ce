-- Deploy sffdw:functions/name_resent to pg
-- requires: functions/make_request
-- requires: functions/merge_columns
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.name_resent(
    connection sffdw.connection,
    requests   sffdw.write_request[],
    claims     sffdw.write_claim[]
)
RETURNS sffdw.write_request[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids     CONSTANT integer[] := ARRAY(
        SELECT r.entry_id
        FROM unnest(requests) r
        JOIN unnest(claims) c ON c.entry_id = r.entry_id
        WHERE c.is_resent
        AND r.operation = 'upsert'
        AND r.final_state IS NULL
    );
    v_mapping sffdw.mapping;
    v_known   jsonb;
    v_sfids   jsonb := '{}';
BEGIN
    IF v_ids = '{}' THEN
        RETURN requests;
    END IF;
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        WHERE m.mapping_id IN (SELECT r.mapping_id FROM unnest(requests) r WHERE r.entry_id = ANY (v_ids))
        AND to_regclass(sffdw.mapped_table(connection, m)) IS NOT NULL
    LOOP
        EXECUTE format($query$
            SELECT jsonb_object_agg(l.id, t.sfid)
            FROM %I._trigger_log l
            JOIN %s t ON t.id = l.record_id
            WHERE l.id = ANY ($1)
            AND l.table_name = $2
            AND t.sfid IS NOT NULL
        $query$, connection.schema_name, sffdw.mapped_table(connection, v_mapping))
        INTO v_known
        USING v_ids, v_mapping.table_name::text;
        v_sfids := v_sfids || coalesce(v_known, '{}');
    END LOOP;
    RETURN ARRAY(
        SELECT CASE
            WHEN v_sfids ? r.entry_id::text THEN
                ROW(r.entry_id, r.mapping_id, 'update', r.object_name, NULL,
                    r.record || jsonb_build_object('Id', v_sfids ->> r.entry_id::text), NULL, NULL,
                    NULL)::sffdw.write_request
            ELSE r
        END
        FROM unnest(requests) r
    );
END
$function$;

COMMENT ON FUNCTION sffdw.name_resent(sffdw.connection, sffdw.write_request[], sffdw.write_claim[]) IS
    'Return the requests, and upserts that were sent before without an answer as updates by Id where a poll has given the '
    'row its record since: if somebody has deleted that, an upsert would make another.';

COMMIT;
