-- Deploy sffdw:functions/row_filter to pg
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.parse_row_filter(live_table text, row_filter text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
-- A time without a zone means UTC, as everywhere else.
SET timezone = 'UTC'
SET client_min_messages = 'warning'
AS $function$
DECLARE
    v_system     text;
    v_expression text;
BEGIN
    IF row_filter IS NULL OR row_filter = '' THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TEMPORARY TABLE sffdw_filter (LIKE %s)', live_table);
    SELECT string_agg(format('DROP COLUMN %I', a.attname), ', ')
    INTO v_system
    FROM pg_attribute a
    WHERE a.attrelid = 'pg_temp.sffdw_filter'::regclass
    AND starts_with(a.attname, '_');
    EXECUTE 'ALTER TABLE pg_temp.sffdw_filter ' || v_system;
    -- What may stand in a partial index may filter rows: no subquery, nothing that depends on time or settings.
    EXECUTE format(E'CREATE INDEX ON pg_temp.sffdw_filter ((1)) WHERE (\n%s\n)', row_filter);
    SELECT pg_get_expr(i.indpred, i.indrelid)
    INTO STRICT v_expression
    FROM pg_index i
    WHERE i.indrelid = 'pg_temp.sffdw_filter'::regclass;
    DROP TABLE pg_temp.sffdw_filter;
    RETURN v_expression;
EXCEPTION
    WHEN syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported THEN
        RAISE EXCEPTION 'invalid row filter'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = upper(left(SQLERRM, 1)) || substr(SQLERRM, 2) || '.',
                  HINT = format('It is a condition on columns of %s, where the record''s Id is column id, without '
                                'subqueries and without functions that depend on time or settings.', live_table);
END
$function$;

COMMENT ON FUNCTION sffdw.parse_row_filter(text, text) IS
    'Return a row filter as PostgreSQL writes the expression, independent of settings; NULL for none. '
    'Raises invalid_parameter_value.';

CREATE FUNCTION sffdw.filter_soql(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_line text;
    v_soql text;
BEGIN
    -- The wrapper itself says what Salesforce can apply, exactly or as a superset.
    FOR v_line IN EXECUTE format('EXPLAIN (VERBOSE, COSTS OFF) SELECT l.id FROM %I.%I l WHERE %s',
                                 connection.live_schema_name, mapping.table_name, mapping.filter_expression) LOOP
        v_soql := coalesce(
            v_soql, substring(v_line FROM '^[ ]*(?:Multicorn: )?SOQL: SELECT [A-Za-z0-9_., ]+ FROM \w+ WHERE (.*)$'));
    END LOOP;
    -- A statement near Salesforce's limit would be one of several.
    RETURN CASE WHEN length(v_soql) < 10000 THEN v_soql END;
END
$function$;

COMMENT ON FUNCTION sffdw.filter_soql(sffdw.connection, sffdw.mapping) IS
    'Return the part of a mapping''s row filter that Salesforce can apply, as SOQL; NULL: none. It lets through at '
    'least the rows that pass the filter.';

COMMIT;
