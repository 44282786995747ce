-- The capture trigger's function, one a mapped table: writes one entry of the trigger log a row an app changes.
-- It calls nothing in schema sffdw, so that it still logs after the extension is dropped; hstore's schema and the
-- table's name are written into it (on a partition TG_TABLE_NAME would be the partition's).
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
            v_values %4$I.hstore;
            v_state  text := %5$L;
        BEGIN
            %6$s-- As record: a function for the table's own row type, made by whoever may create in hstore's schema, would
            -- be preferred to hstore(record).
            IF TG_OP <> 'INSERT' THEN
                v_old := %4$I.hstore((ARRAY[OLD]::record[])[1]) OPERATOR(%4$I.-) ARRAY['_hc_lastop', '_hc_err'];
            END IF;
            IF TG_OP <> 'DELETE' THEN
                v_values := %4$I.hstore((ARRAY[NEW]::record[])[1]) OPERATOR(%4$I.-) ARRAY['_hc_lastop', '_hc_err'];
            END IF;
            IF TG_OP = 'UPDATE' THEN
                v_values := v_values OPERATOR(%4$I.-) v_old;
            END IF;
            IF v_state = 'NEW'
            AND (TG_OP = 'UPDATE' AND v_values::text = '' OR TG_OP = 'DELETE' AND OLD.sfid IS NULL) THEN
                v_state := 'IGNORE';
            END IF;
            INSERT INTO %1$I._trigger_log
                (txid, created_at, updated_at, state, action, table_name, record_id, sfid, old, "values")
            VALUES
                (txid_current(), clock_timestamp(), NULL, v_state, TG_OP, %3$L, coalesce(NEW.id, OLD.id), OLD.sfid,
                 v_old::text, v_values::text);
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
        ELSE '' END);
END
$function$;

COMMENT ON FUNCTION sffdw.create_logger(name, name, name, text, boolean) IS
    'Create or replace hc_<table>_logger(): entries get state NEW if access is read_write, else READONLY; '
    'capture_replicated: it may see what logical replication applies.';
