-- Deploy sffdw:functions/open_table to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.runs_nothing(relation regclass, reads_columns boolean)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The planner evaluates immutable functions of index expressions, statistics and constraints as whoever asks. What
    -- is built in is not in pg_depend; below 16384 lie the types that PostgreSQL came with.
    SELECT EXISTS (
        SELECT
        FROM pg_class c
        WHERE c.oid = relation
        AND c.relkind = 'r'
        AND NOT c.relhassubclass
        AND NOT c.relrowsecurity
    )
    AND NOT EXISTS (
        SELECT
        FROM pg_attribute a
        WHERE a.attrelid = relation
        AND a.attnum > 0
        AND reads_columns
        AND a.atttypid >= 16384
    )
    AND NOT EXISTS (
        SELECT
        FROM (
            SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i WHERE i.indrelid = relation
            UNION ALL
            SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k WHERE k.conrelid = relation
            UNION ALL
            SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s WHERE s.stxrelid = relation
        ) AS o (classid, objid)
        JOIN pg_depend d USING (classid, objid)
        WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
    );
$function$;

COMMENT ON FUNCTION sffdw.runs_nothing(regclass, boolean) IS
    'Whether reading a table cannot run what its owner wrote: a plain table without row-level security or functions in '
    'indexes and constraints and, if its columns are read, with built-in types only.';

CREATE FUNCTION sffdw.open_table(schema_name name, table_name name, reads_columns boolean)
RETURNS regclass
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table regclass := to_regclass(format('%I.%I', schema_name, table_name));
    v_owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = v_table);
BEGIN
    -- Any role can enter a connection of its own and superusers read them all: a view in the log's place would run its
    -- functions as them. The lock keeps the table what it was found to be.
    IF v_owner = current_user THEN
        RETURN v_table;
    ELSIF sffdw.runs_nothing(v_table, reads_columns) THEN
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', v_table);
        IF sffdw.runs_nothing(v_table, reads_columns) THEN
            RETURN v_table;
        END IF;
    END IF;
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.open_table(name, name, boolean) IS
    'Return a table that the current role can read without running what another role wrote; NULL if there is none.';

COMMIT;
