-- Versions of a mapped table's rows: a table beside it, kept by statement triggers so that a load costs one statement a
-- page. Nothing here needs schema sffdw once it is made.
CREATE FUNCTION sffdw.history_table(connection sffdw.connection, mapping sffdw.mapping)
RETURNS name
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- No Salesforce name begins with an underscore.
    SELECT sffdw.fit_name(format('_%s_history', mapping.table_name));
$function$;

COMMENT ON FUNCTION sffdw.history_table(sffdw.connection, sffdw.mapping) IS
    'Return the name of the table that holds the versions of a mapping''s rows, in the connection''s schema.';

CREATE FUNCTION sffdw.history_columns(connection sffdw.connection, mapping sffdw.mapping)
RETURNS TABLE (column_name name, column_type text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Without lengths: a column that is widened in the table needs nothing here.
    SELECT a.attname, format_type(a.atttypid, NULL)
    FROM sffdw.mapping_field f
    JOIN pg_attribute a
        ON a.attrelid = format('%I.%I', connection.schema_name, mapping.table_name)::regclass
        AND a.attname = f.column_name
        AND NOT a.attisdropped
    WHERE f.mapping_id = mapping.mapping_id
    ORDER BY a.attnum;
$function$;

COMMENT ON FUNCTION sffdw.history_columns(sffdw.connection, sffdw.mapping) IS
    'The columns whose versions are kept: the mapped ones.';

CREATE FUNCTION sffdw.check_history_table(relation regclass)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- One that an earlier time with history left has this key.
    IF relation IS NULL OR EXISTS (
        SELECT
        FROM pg_index i
        WHERE i.indrelid = relation
        AND i.indisprimary
        AND array(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
                  JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = k.number
                  ORDER BY k.place) = '{record_id,valid_from}'
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = 'valid_to')
    ) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'table % exists and is no table of versions', relation
        USING ERRCODE = 'duplicate_table',
              DETAIL = 'With history, this is the name of the table that holds the versions of the rows.',
              HINT = 'Rename or drop it, or leave history off: it is never overwritten.';
END
$function$;

COMMENT ON FUNCTION sffdw.check_history_table(regclass) IS
    'Stop if a table of another kind has the name that a table of versions is to get. Raises duplicate_table.';

CREATE FUNCTION sffdw.create_history_table(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = 'warning'
AS $function$
DECLARE
    v_history CONSTANT text := format('%I.%I', connection.schema_name, sffdw.history_table(connection, mapping));
    v_column  record;
BEGIN
    PERFORM sffdw.check_history_table(to_regclass(v_history));
    EXECUTE format('CREATE TABLE IF NOT EXISTS %s (record_id integer NOT NULL, valid_from timestamptz NOT NULL, '
                   'valid_to timestamptz, PRIMARY KEY (record_id, valid_from))', v_history);
    FOR v_column IN
        SELECT c.column_name, c.column_type, a.attname IS NOT NULL AS is_there
        FROM sffdw.history_columns(connection, mapping) c
        LEFT JOIN pg_attribute a
            ON a.attrelid = v_history::regclass
            AND a.attname = c.column_name
            AND NOT a.attisdropped
        WHERE format_type(a.atttypid, NULL) IS DISTINCT FROM c.column_type
        AND a.atttypid IS DISTINCT FROM 'text'::regtype
    LOOP
        -- A column that was dropped and came back with another type: text holds the versions of both.
        EXECUTE format(CASE WHEN v_column.is_there THEN 'ALTER TABLE %s ALTER COLUMN %I TYPE %s'
                            ELSE 'ALTER TABLE %s ADD COLUMN %I %s' END,
                       v_history, v_column.column_name,
                       CASE WHEN v_column.is_there THEN 'text' ELSE v_column.column_type END);
    END LOOP;
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (sfid, valid_from)',
                   sffdw.fit_name(format('_%s_history_sfid_idx', mapping.table_name)), v_history);
    EXECUTE format('COMMENT ON TABLE %s IS %L', v_history, format(
        'Every version of the rows of %I: record_id is their id, valid_to is NULL while a version is the current one.',
        mapping.table_name));
END
$function$;

COMMENT ON FUNCTION sffdw.create_history_table(sffdw.connection, sffdw.mapping) IS
    'Create the table of versions, or add the columns that it lacks. Columns that are no longer mapped stay. Raises '
    'duplicate_table.';

CREATE FUNCTION sffdw.create_history_function(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_history CONSTANT text := format('%I.%I', connection.schema_name, sffdw.history_table(connection, mapping));
    v_names   text;
    v_row     text;
    v_version text;
BEGIN
    SELECT string_agg(format('%I', c.column_name), ', '),
           string_agg(format('t.%I::%s', c.column_name, format_type(a.atttypid, a.atttypmod)), ', '),
           string_agg(format('h.%I', c.column_name), ', ')
    INTO STRICT v_names, v_row, v_version
    FROM sffdw.history_columns(connection, mapping) c
    JOIN pg_attribute a ON a.attrelid = v_history::regclass AND a.attname = c.column_name;
    EXECUTE format($ddl$
        CREATE OR REPLACE FUNCTION %1$I.%2$I()
        RETURNS trigger
        LANGUAGE plpgsql
        -- SECURITY DEFINER so that an app needs rights on its table only.
        SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $body$
        DECLARE
            v_now timestamptz := clock_timestamp();
        BEGIN
            IF TG_OP = 'TRUNCATE' THEN
                UPDATE %3$s h SET valid_to = v_now
                WHERE h.valid_to IS NULL;
            ELSIF TG_OP = 'DELETE' THEN
                UPDATE %3$s h SET valid_to = v_now
                FROM old_rows o WHERE h.record_id = o.id AND h.valid_to IS NULL
                AND NOT EXISTS (SELECT FROM %1$I.%4$I t WHERE t.id = o.id);
            ELSE
                -- The row itself, not what this statement made of it: an app's trigger may have changed it since.
                WITH changed AS MATERIALIZED (
                    SELECT t.id, h.record_id IS NOT NULL AS has_version
                    FROM (SELECT DISTINCT n.id FROM new_rows n) n
                    JOIN %1$I.%4$I t ON t.id = n.id
                    LEFT JOIN %3$s h ON h.record_id = n.id AND h.valid_to IS NULL
                    WHERE h.record_id IS NULL OR ROW(%6$s)::text COLLATE "C" <> ROW(%7$s)::text
                ), ended AS (
                    UPDATE %3$s h SET valid_to = v_now
                    FROM changed c WHERE c.has_version AND h.record_id = c.id AND h.valid_to IS NULL
                )
                INSERT INTO %3$s (record_id, valid_from, %5$s)
                SELECT t.id, v_now, %6$s FROM changed c JOIN %1$I.%4$I t ON t.id = c.id;
            END IF;
            RETURN NULL;
        END
        $body$;
        REVOKE ALL ON FUNCTION %1$I.%2$I() FROM PUBLIC;
        COMMENT ON FUNCTION %1$I.%2$I() IS 'Keeps the versions of one mapped table''s rows.';
    $ddl$,
        connection.schema_name, sffdw.fit_name(format('hc_%s_history', mapping.table_name)), v_history,
        mapping.table_name, v_names, v_row, v_version);
END
$function$;

COMMENT ON FUNCTION sffdw.create_history_function(sffdw.connection, sffdw.mapping) IS
    'Create or replace the trigger function hc_<table>_history().';

CREATE FUNCTION sffdw.drop_history(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = 'warning'
AS $function$
DECLARE
    v_event text;
BEGIN
    FOREACH v_event IN ARRAY '{insert,update,delete,truncate}'::text[] LOOP
        IF to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL THEN
            EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I.%I',
                           sffdw.fit_name(format('hc_%s_history_%s', table_name, v_event)), schema_name, table_name);
        END IF;
    END LOOP;
    EXECUTE format('DROP FUNCTION IF EXISTS %I.%I()', schema_name,
                   sffdw.fit_name(format('hc_%s_history', table_name)));
END
$function$;

COMMENT ON FUNCTION sffdw.drop_history(name, name) IS
    'Keep no more versions of a table''s rows; those kept stay.';

CREATE FUNCTION sffdw.seed_history(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- The clock: history may begin twice in one transaction.
    v_now   timestamptz := clock_timestamp();
    v_names text;
    v_rows  text;
BEGIN
    SELECT string_agg(format('%I', c.column_name), ', '), string_agg(format('t.%I', c.column_name), ', ')
    INTO STRICT v_names, v_rows
    FROM sffdw.history_columns(connection, mapping) c;
    -- Versions left open by an earlier time with history ended nobody knows when: now at the latest.
    EXECUTE format('UPDATE %1$I.%2$I SET valid_to = $1 WHERE valid_to IS NULL',
                   connection.schema_name, sffdw.history_table(connection, mapping))
    USING v_now;
    EXECUTE format('INSERT INTO %1$I.%2$I (record_id, valid_from, %3$s) SELECT t.id, $1, %4$s FROM %1$I.%5$I t',
                   connection.schema_name, sffdw.history_table(connection, mapping), v_names, v_rows,
                   mapping.table_name)
    USING v_now;
END
$function$;

COMMENT ON FUNCTION sffdw.seed_history(sffdw.connection, sffdw.mapping) IS
    'Enter the rows as they are now as their first versions.';

CREATE FUNCTION sffdw.apply_history(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_function CONSTANT name := sffdw.fit_name(format('hc_%s_history', mapping.table_name));
    v_is_kept  boolean := to_regproc(format('%I.%I', connection.schema_name, v_function)) IS NOT NULL;
    v_trigger  record;
BEGIN
    IF NOT mapping.history THEN
        PERFORM sffdw.drop_history(connection.schema_name, mapping.table_name);
        RETURN;
    END IF;
    -- What is written from here on waits until the first versions are in.
    EXECUTE format('LOCK TABLE %I.%I IN SHARE ROW EXCLUSIVE MODE', connection.schema_name, mapping.table_name);
    PERFORM sffdw.create_history_table(connection, mapping);
    PERFORM sffdw.create_history_function(connection, mapping);
    IF v_is_kept THEN
        RETURN;
    END IF;
    FOR v_trigger IN
        VALUES ('insert', 'REFERENCING NEW TABLE AS new_rows'), ('update', 'REFERENCING NEW TABLE AS new_rows'),
               ('delete', 'REFERENCING OLD TABLE AS old_rows'), ('truncate', '')
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER %I AFTER %s ON %I.%I %s FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()',
            sffdw.fit_name(format('hc_%s_history_%s', mapping.table_name, v_trigger.column1)),
            v_trigger.column1, connection.schema_name, mapping.table_name, v_trigger.column2,
            connection.schema_name, v_function);
    END LOOP;
    PERFORM sffdw.seed_history(connection, mapping);
END
$function$;

COMMENT ON FUNCTION sffdw.apply_history(sffdw.connection, sffdw.mapping) IS
    'Make the triggers and the table of versions what the mapping says, with the columns that are mapped now. Raises '
    'lock_not_available.';
