-- The repair functions that people call in a connection's schema: they log a row as it stands now. They run as the
-- caller, who needs INSERT on the trigger log: an entry of it is a write to Salesforce.
CREATE FUNCTION sffdw.create_repair_functions(schema_name name, hstore_schema name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($ddl$
        CREATE FUNCTION %1$I.hc_capture_insert_from_row(
            source_row    %2$I.hstore,
            table_name    varchar,
            excluded_cols text[] DEFAULT ARRAY[]::text[]
        )
        RETURNS integer
        LANGUAGE sql
        VOLATILE
        SET search_path = pg_catalog, pg_temp
        AS $body$
            INSERT INTO %1$I._trigger_log
                (txid, created_at, updated_at, state, action, table_name, record_id, "values")
            SELECT txid_current(), clock_timestamp(), NULL, 'NEW', 'INSERT', table_name,
                   (source_row OPERATOR(%2$I.->) 'id')::integer,
                   (source_row OPERATOR(%2$I.-) array_remove(array_remove(excluded_cols, 'id'), 'sfid')
                    OPERATOR(%2$I.-) ARRAY['_hc_lastop', '_hc_err'])::text
            WHERE source_row OPERATOR(%2$I.->) 'id' IS NOT NULL
            RETURNING id
        $body$;
        COMMENT ON FUNCTION %1$I.hc_capture_insert_from_row(%2$I.hstore, varchar, text[]) IS
            'Log the row as an INSERT to be sent, without the excluded columns (id and sfid stay); return the '
            'entry''s id, or NULL if the row has no id.';

        CREATE FUNCTION %1$I.hc_capture_update_from_row(
            source_row         %2$I.hstore,
            table_name         varchar,
            columns_to_include text[] DEFAULT ARRAY[]::text[]
        )
        RETURNS integer
        LANGUAGE sql
        VOLATILE
        SET search_path = pg_catalog, pg_temp
        AS $body$
            INSERT INTO %1$I._trigger_log
                (txid, created_at, updated_at, state, action, table_name, record_id, sfid, "values")
            SELECT txid_current(), clock_timestamp(), NULL, 'NEW', 'UPDATE', table_name,
                   (source_row OPERATOR(%2$I.->) 'id')::integer,
                   source_row OPERATOR(%2$I.->) 'sfid',
                   (CASE
                        WHEN cardinality(columns_to_include) > 0 THEN %2$I.slice(source_row, columns_to_include)
                        ELSE source_row
                    END OPERATOR(%2$I.-) ARRAY['_hc_lastop', '_hc_err'])::text
            WHERE source_row OPERATOR(%2$I.->) 'id' IS NOT NULL
            RETURNING id
        $body$;
        COMMENT ON FUNCTION %1$I.hc_capture_update_from_row(%2$I.hstore, varchar, text[]) IS
            'Log the row as an UPDATE to be sent, of the included columns or of all; return the entry''s id, or NULL '
            'if the row has no id.';
    $ddl$, schema_name, hstore_schema);
END
$function$;

COMMENT ON FUNCTION sffdw.create_repair_functions(name, name) IS
    'Create hc_capture_insert_from_row and hc_capture_update_from_row in a connection''s schema.';

CREATE FUNCTION sffdw.drop_log_functions(schema_name name, hstore_schema name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = 'warning'
AS $function$
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS tlog_insert_trigger ON %1$I._trigger_log; '
                   'DROP FUNCTION IF EXISTS %1$I.tlog_notify_trigger(), '
                   '%1$I.hc_capture_insert_from_row(%2$I.hstore, varchar, text[]), '
                   '%1$I.hc_capture_update_from_row(%2$I.hstore, varchar, text[])',
                   schema_name, hstore_schema);
END
$function$;

COMMENT ON FUNCTION sffdw.drop_log_functions(name, name) IS
    'Drop what create_log_notify and create_repair_functions made, or Heroku Connect before them. Raises '
    'dependent_objects_still_exist.';
