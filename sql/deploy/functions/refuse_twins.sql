-- Deploy sffdw:functions/refuse_twins to pg
-- requires: functions/merge_columns
-- requires: tables/write_claim

BEGIN;

CREATE FUNCTION sffdw.find_twins(connection sffdw.connection, mapping sffdw.mapping, entry_ids integer[])
RETURNS TABLE (entry_id integer, row_id integer)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column text;
BEGIN
    SELECT f.column_name
    INTO v_column
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = mapping.unique_identifier;
    IF NOT FOUND OR to_regclass(sffdw.mapped_table(connection, mapping)) IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        WITH made AS MATERIALIZED (
            SELECT c.entry_id, c.record_id AS sfid, l.record_id AS row_id,
                   l."values"::%2$I.hstore OPERATOR(%2$I.->) %3$L AS key
            FROM sffdw.write_claim c
            JOIN %1$I._trigger_log l ON l.id = c.entry_id
            WHERE c.connection_id = $1
            AND c.entry_id = ANY ($2)
            AND c.final_state = 'SUCCESS'
            AND c.record_id IS NOT NULL
            AND l.action = 'INSERT'
        ), double AS MATERIALIZED (
            -- Of all that was made hardly any: the planner would join each with each.
            SELECT d.*
            FROM (SELECT m.*, count(*) OVER (PARTITION BY m.sfid) AS made_count FROM made m) d
            WHERE d.made_count > 1
        ), pair AS (
            SELECT m.entry_id, t.id AS row_id
            FROM made m
            JOIN %4$s t ON t.sfid = m.sfid AND t.id <> m.row_id AND t.%5$I::text <> m.key
                AND lower(t.%5$I::text) = lower(m.key)
            UNION ALL
            SELECT m.entry_id, o.row_id
            FROM double m
            JOIN double o ON o.sfid = m.sfid AND o.entry_id < m.entry_id AND o.row_id <> m.row_id
        )
        SELECT p.entry_id, min(p.row_id) FROM pair p GROUP BY p.entry_id
    $query$, connection.schema_name, connection.hstore_schema, v_column, sffdw.mapped_table(connection, mapping),
        v_column)
    USING connection.connection_id, entry_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.find_twins(sffdw.connection, sffdw.mapping, integer[]) IS
    'Return the accepted INSERTs whose record another row has, by an identifier that only differs in upper and lower case, '
    'and that row.';

CREATE FUNCTION sffdw.refuse_twins(connection sffdw.connection, mapping sffdw.mapping, entry_ids integer[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_refused integer[];
BEGIN
    IF mapping.unique_identifier IS NULL THEN
        RETURN;
    END IF;
    WITH refused AS (
        UPDATE sffdw.write_claim c
        SET final_state = 'FAILED',
            status_code = 'DUPLICATE_VALUE',
            message = format('the identifier is that of record %s and row %s, but for upper and lower case: the record has '
                             'the values of this row now', c.record_id, t.row_id),
            fields = ARRAY[mapping.unique_identifier],
            record_id = NULL
        FROM sffdw.find_twins(connection, mapping, entry_ids) t
        WHERE c.connection_id = connection.connection_id
        AND c.entry_id = t.entry_id
        RETURNING c.entry_id
    )
    SELECT array_agg(r.entry_id) INTO v_refused FROM refused r;
    -- No poll may give the row a record that is another row's.
    EXECUTE format('UPDATE %I._trigger_log l SET sfid = NULL WHERE l.id = ANY ($1)', connection.schema_name)
    USING v_refused;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_twins(sffdw.connection, sffdw.mapping, integer[]) IS
    'Salesforce takes unique identifiers that differ only in upper and lower case for the same: fail an accepted upsert '
    'whose record another row has, instead of binding two rows to one record.';

COMMIT;
