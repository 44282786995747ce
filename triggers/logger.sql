-- The capture trigger's function, one a mapped table: writes one entry of the trigger log a row an app changes.
-- It calls nothing in schema sffdw, so that it still logs after the extension is dropped; hstore's schema and the
-- table's name are written into it (on a partition TG_TABLE_NAME would be the partition's).
CREATE FUNCTION sffdw.order_captures(schema_name name, table_name name, hstore_schema name)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Planned each time: a plan made while the log was short reads all of it when it is long.
    SELECT format($code$
            -- A trigger of the app's that fires before this one may have changed the row again, and that was captured
            -- first: what began with the values that the row has here comes after them.
            IF TG_OP <> 'DELETE' AND (strpos(v_below, E'\n' || v_key || E'\n') > 0 OR v_below LIKE E'%%\n*') THEN
                EXECUTE $later$
                    SELECT array_agg(l.id ORDER BY l.id), bool_or(l.state = 'SUCCESS')
                    FROM %1$I._trigger_log l
                    WHERE l.id BETWEEN (
                        SELECT min(e.id)
                        FROM %1$I._trigger_log e
                        WHERE e.id BETWEEN $1 AND currval($5)
                        AND (e.txid, e.table_name, e.record_id) = (txid_current(), $2, $3)
                        AND e.old = $4) AND currval($5)
                    AND (l.txid, l.table_name, l.record_id) = (txid_current(), $2, $3)
                $later$
                INTO v_later, v_is_sent
                USING split_part(v_below, E'\n', 1)::integer, %2$L, NEW.id, v_new::text, %5$L::regclass;
                IF v_is_sent THEN
                    -- Those that wait for Salesforce are there already: they must not be undone.
                    v_values := (
                        SELECT %3$I.slice(%3$I.hstore((ARRAY[t]::record[])[1]), %3$I.akeys(v_values))
                        FROM %1$I.%4$I t
                        WHERE t.id = NEW.id);
                    v_state := CASE WHEN v_values IS NULL AND v_state = 'NEW' THEN 'IGNORE' ELSE v_state END;
                END IF;
            END IF;$code$, schema_name, table_name::text, hstore_schema, table_name,
        format('%I._trigger_log_id_seq', schema_name));
$function$;

COMMENT ON FUNCTION sffdw.order_captures(name, name, name) IS
    'Return the part of hc_<table>_logger() that finds what was captured before the change that it followed.';

CREATE FUNCTION sffdw.create_logger(
    schema_name        name,
    table_name         name,
    hstore_schema      name,
    access             text,
    capture_replicated boolean DEFAULT false
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($ddl$
        CREATE OR REPLACE FUNCTION %1$I.%2$I()
        RETURNS trigger
        LANGUAGE plpgsql
        -- SECURITY DEFINER so that an app needs rights on its table only; the values are written in one form whatever
        -- the session's settings.
        SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        SET datestyle = 'ISO, MDY'
        SET timezone = 'UTC'
        SET extra_float_digits = '1'
        AS $body$
        DECLARE
            v_old    %4$I.hstore;
            v_new    %4$I.hstore;
            v_values %4$I.hstore;
            v_state  text := %5$L;
            v_depth  integer := pg_trigger_depth();
            v_key    text := %3$L || ':' || coalesce(NEW.id, OLD.id);
            -- The first entry that was captured within this statement since the last row, and the rows: a * for more.
            v_below  text := nullif(current_setting('sffdw.captured_below_' || v_depth, true), '');
            v_later  integer[];
            v_is_sent boolean;
            v_id     integer;
        BEGIN
            %6$s-- As record: a function for the table's own row type, made by whoever may create in hstore's schema, would
            -- be preferred to hstore(record).
            IF TG_OP <> 'INSERT' THEN
                v_old := %4$I.hstore((ARRAY[OLD]::record[])[1]) OPERATOR(%4$I.-) ARRAY['_hc_lastop', '_hc_err'];
            END IF;
            IF TG_OP <> 'DELETE' THEN
                v_new := %4$I.hstore((ARRAY[NEW]::record[])[1]) OPERATOR(%4$I.-) ARRAY['_hc_lastop', '_hc_err'];
            END IF;
            v_values := CASE TG_OP WHEN 'UPDATE' THEN v_new OPERATOR(%4$I.-) v_old ELSE v_new END;
            IF v_state = 'NEW'
            AND (TG_OP = 'UPDATE' AND v_values::text = '' OR TG_OP = 'DELETE' AND OLD.sfid IS NULL) THEN
                v_state := 'IGNORE';
            END IF;%7$s
            INSERT INTO %1$I._trigger_log
                (txid, created_at, updated_at, state, action, table_name, record_id, sfid, old, "values")
            VALUES
                (txid_current(), clock_timestamp(), NULL, v_state, TG_OP, %3$L, coalesce(NEW.id, OLD.id), OLD.sfid,
                 v_old::text, v_values::text)
            RETURNING id INTO v_id;
            FOR v_place IN 1 .. coalesce(cardinality(v_later), 0) LOOP
                EXECUTE 'UPDATE %1$I._trigger_log SET id = DEFAULT '
                        'WHERE id = $1 AND state IN (''NEW'', ''IGNORE'', ''READONLY'')' USING v_later[v_place];
            END LOOP;
            IF v_below IS NOT NULL THEN
                PERFORM set_config('sffdw.captured_below_' || v_depth, '', true);
            END IF;
            IF v_depth > 1 THEN
                v_below := coalesce(nullif(current_setting('sffdw.captured_below_' || v_depth - 1, true), ''),
                                    v_id || E'\n');
                IF v_below NOT LIKE E'%%\n*' THEN
                    PERFORM set_config('sffdw.captured_below_' || v_depth - 1, v_below || CASE
                        WHEN length(v_below) > 2000 THEN '*' ELSE v_key || E'\n' END, true);
                END IF;
            END IF;
            RETURN NULL;
        END
        $body$;
        -- Whoever could attach it to a table of his own could forge entries.
        REVOKE ALL ON FUNCTION %1$I.%2$I() FROM PUBLIC;
        COMMENT ON FUNCTION %1$I.%2$I() IS 'Captures the changes of one mapped table into _trigger_log.';
    $ddl$,
        schema_name, sffdw.fit_name(format('hc_%s_logger', table_name)), table_name, hstore_schema,
        CASE access WHEN 'read_write' THEN 'NEW' ELSE 'READONLY' END,
        -- By the status trigger: a connection of the publisher has had a hand in the row, and answers for it.
        CASE WHEN capture_replicated THEN
            'IF current_setting(''session_replication_role'') = ''replica'' AND TG_OP <> ''DELETE'' '
            'AND NEW._hc_lastop = ''SYNCED'' THEN RETURN NULL; END IF; '
        ELSE '' END,
        sffdw.order_captures(schema_name, table_name, hstore_schema));
END
$function$;

COMMENT ON FUNCTION sffdw.create_logger(name, name, name, text, boolean) IS
    'Create or replace hc_<table>_logger(): entries get state NEW if access is read_write, else READONLY; '
    'capture_replicated: it may see what logical replication applies.';
