-- The status trigger's function, one a mapped table: an app's write is PENDING whatever it says, the synchronisation's
-- own says what it means.
CREATE FUNCTION sffdw.create_status(schema_name name, table_name name)
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
        SET search_path = pg_catalog, pg_temp
        AS $body$
        BEGIN
            IF current_setting('xmlbinary') = 'base64' THEN
                NEW._hc_lastop := 'PENDING';
                NEW._hc_err := NULL;
            ELSIF TG_OP = 'INSERT' OR NEW._hc_lastop IS NULL OR NEW._hc_lastop = OLD._hc_lastop THEN
                NEW._hc_lastop := 'SYNCED';
                NEW._hc_err := NULL;
            END IF;
            RETURN NEW;
        END
        $body$;
        COMMENT ON FUNCTION %1$I.%2$I() IS 'Maintains _hc_lastop and _hc_err of one mapped table.';
    $ddl$, schema_name, sffdw.fit_name(format('hc_%s_status', table_name)));
END
$function$;

COMMENT ON FUNCTION sffdw.create_status(name, name) IS 'Create or replace hc_<table>_status().';
