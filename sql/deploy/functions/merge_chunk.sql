-- Deploy sffdw:functions/merge_chunk to pg
-- requires: functions/count_unsent
-- requires: functions/judge_stage
-- requires: tables/row_restore

BEGIN;

CREATE TYPE sffdw.merge_statement AS (
    operation text,
    statement text
);

COMMENT ON TYPE sffdw.merge_statement IS
    'One statement of a merge: takes the first and last place in the page as $1 and $2, returns the ids of changed '
    'rows.';

CREATE TYPE sffdw.merged_rows AS (
    inserted integer[],
    updated  integer[],
    deleted  integer[]
);

COMMENT ON TYPE sffdw.merged_rows IS 'The ids of the local rows that a merge changed.';

CREATE FUNCTION sffdw.write_merge(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS sffdw.merge_statement[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Run under the user's search_path: operators and functions are spelled out.
    v_shell   CONSTANT text := 'WITH changed AS (%s RETURNING t.id) SELECT pg_catalog.array_agg(id) FROM changed';
    v_span    CONSTANT text := 's._ordinal OPERATOR(pg_catalog.>=) $1 AND s._ordinal OPERATOR(pg_catalog.<=) $2 '
                               'AND s._verdict OPERATOR(pg_catalog.=) ';
    v_match   CONSTANT text := 't.id OPERATOR(pg_catalog.=) s._local_id';
    v_table   CONSTANT text := sffdw.mapped_table(connection, mapping);
    v_names   text;
    v_staged  text;
    v_changes text;
    v_clears  sffdw.merge_statement[];
    v_insert  CONSTANT text := 'INSERT INTO %s AS t (%s%s) SELECT %s%s FROM %s s WHERE %s ''insert'' '
                               'AND s._old_id IS %s ORDER BY s._ordinal';
BEGIN
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(format('s.%I', c.column_name), ', '),
           string_agg(format('%1$I = CASE WHEN %1$L OPERATOR(pg_catalog.=) ANY (s._kept) THEN t.%1$I ELSE s.%1$I END',
                             c.column_name), ', ')
    INTO STRICT v_names, v_staged, v_changes
    FROM sffdw.merge_columns(connection, mapping) c;
    SELECT coalesce(array_agg(ROW('clear', format(v_shell, format(
        'UPDATE %s t SET %I = NULL FROM %s s WHERE %s AND %L OPERATOR(pg_catalog.=) ANY (s._clears) AND %s ''update''',
        v_table, u, stage, v_match, u, v_span)))::sffdw.merge_statement), '{}')
    INTO v_clears
    FROM sffdw.unique_columns(connection, mapping) u;
    RETURN ARRAY[ROW('delete', format(v_shell, format(
            'DELETE FROM %s t USING %s s WHERE %s AND %s ''delete''', v_table, stage, v_match, v_span))
        )::sffdw.merge_statement]
        || v_clears
        || ARRAY[ROW('update', format(v_shell, format(
            'UPDATE %s t SET %s FROM %s s WHERE %s AND %s ''update''', v_table, v_changes, stage, v_match, v_span))
        )::sffdw.merge_statement, ROW('insert', format(v_shell, format(
            v_insert, v_table, '', v_names, '', v_staged, stage, v_span, 'NULL'))
        )::sffdw.merge_statement]
        -- Rows whose deletion is taken back get their ids again.
        || CASE WHEN sffdw.has_discard(mapping.mapping_id) OR EXISTS (
            SELECT FROM sffdw.row_restore r WHERE r.mapping_id = mapping.mapping_id AND r.done_at IS NULL)
        THEN ARRAY[ROW('insert', format(v_shell, format(
            v_insert, v_table, 'id, ', v_names, 's._old_id, ', v_staged, stage, v_span, 'NOT NULL'))
        )::sffdw.merge_statement] ELSE '{}' END;
END
$function$;

COMMENT ON FUNCTION sffdw.write_merge(sffdw.connection, sffdw.mapping, text) IS
    'Return the statements that carry out what the stage says, in the order in which unique identifiers may change '
    'hands: deletes, identifiers that move, updates, inserts.';

CREATE FUNCTION sffdw.merge_chunk(
    run_search_path text,
    statements      sffdw.merge_statement[],
    first_ordinal   bigint,
    last_ordinal    bigint
)
RETURNS sffdw.merged_rows
LANGUAGE plpgsql
VOLATILE
-- No search_path of its own: the app's triggers run in it, and find what they name in the connection's. xmlbinary is
-- set again before each statement since such a trigger may leave another value behind.
SET xmlbinary = 'hex'
AS $function$
DECLARE
    v_path      CONSTANT text := pg_catalog.current_setting('search_path');
    v_statement sffdw.merge_statement;
    v_ids       integer[];
    v_merged    sffdw.merged_rows;
BEGIN
    PERFORM pg_catalog.set_config('search_path', run_search_path, true);
    FOREACH v_statement IN ARRAY statements LOOP
        SET LOCAL xmlbinary = 'hex';
        EXECUTE v_statement.statement INTO v_ids USING first_ordinal, last_ordinal;
        CASE v_statement.operation
            WHEN 'delete' THEN v_merged.deleted := v_ids;
            WHEN 'update' THEN v_merged.updated := v_ids;
            WHEN 'insert' THEN v_merged.inserted := v_merged.inserted || v_ids;
            WHEN 'clear' THEN NULL;
        END CASE;
    END LOOP;
    -- What is deferred to the COMMIT would run there as an app's own change.
    SET LOCAL xmlbinary = 'hex';
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM pg_catalog.set_config('search_path', v_path, true);
    RETURN v_merged;
END
$function$;

COMMENT ON FUNCTION sffdw.merge_chunk(text, sffdw.merge_statement[], bigint, bigint) IS
    'Carry out a part of a staged page on the local table. Raises whatever the table, its constraints and its '
    'triggers raise.';

COMMIT;
