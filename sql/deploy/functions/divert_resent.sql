-- Deploy sffdw:functions/divert_resent to pg
-- requires: tables/mapping_field
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.divert_resent(connection sffdw.connection, entry_ids integer[])
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_diverted integer[];
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM sffdw.write_claim c
        WHERE c.connection_id = connection.connection_id
        AND c.phase = 'waiting'
        AND c.is_resent
    ) THEN
        RETURN entry_ids;
    END IF;
    -- Its first request may have made the record since Salesforce was asked, and somebody may have deleted it: an upsert
    -- would make another.
    EXECUTE format($query$
        WITH diverted AS (
            UPDATE sffdw.write_claim c
            SET phase = 'doubtful', next_try_at = NULL, is_rejected = false, final_state = NULL
            FROM %1$I._trigger_log l
            JOIN sffdw.mapping m ON m.connection_id = $1 AND m.table_name = l.table_name
            JOIN sffdw.mapping_field i ON i.mapping_id = m.mapping_id AND i.field_name = m.unique_identifier
            WHERE c.connection_id = $1
            AND c.entry_id = ANY ($2)
            AND c.is_resent
            AND coalesce(c.asked_at, '-infinity') < clock_timestamp() - interval '15 seconds'
            AND l.id = c.entry_id
            AND l.action = 'INSERT'
            AND l."values"::%2$I.hstore OPERATOR(%2$I.->) i.column_name::text IS NOT NULL
            RETURNING c.entry_id
        )
        SELECT array_agg(d.entry_id) FROM diverted d
    $query$, connection.schema_name, connection.hstore_schema)
    INTO v_diverted
    USING connection.connection_id, entry_ids;
    IF v_diverted IS NULL THEN
        RETURN entry_ids;
    END IF;
    RETURN (
        SELECT array_agg(e.id ORDER BY e.place)
        FROM unnest(entry_ids) WITH ORDINALITY e (id, place)
        WHERE e.id <> ALL (v_diverted)
    );
END
$function$;

COMMENT ON FUNCTION sffdw.divert_resent(sffdw.connection, integer[]) IS
    'Return entries that have been taken without those upserts that were sent before, without an answer, and not asked '
    'about just now: they are in doubt again. NULL: none is left.';

COMMIT;
