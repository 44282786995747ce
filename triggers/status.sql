-- The status trigger's function, one a mapped table: an app's write is PENDING whatever it says, the synchronisation's
-- own says what it means.
CREATE FUNCTION sffdw.create_status(schema_name name, table_name name, capture_replicated boolean DEFAULT false)
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
        AS $body$
        BEGIN
            -- Without a search_path of its own, which would cost more than the rest: every name is spelled out.
            IF NEW._hc_lastop OPERATOR(pg_catalog.=) 'SYNCED' AND NEW._hc_err IS NULL
            AND pg_catalog.current_setting('xmlbinary') OPERATOR(pg_catalog.<>) 'base64' THEN
                -- Loads and polls say so themselves: a row that is not changed here is not copied.
                RETURN NEW;
            ELSIF pg_catalog.current_setting('xmlbinary') OPERATOR(pg_catalog.=) 'base64' THEN
                %3$sNEW._hc_lastop := 'PENDING';
                NEW._hc_err := NULL;
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' OR NEW._hc_lastop IS NULL
            OR NEW._hc_lastop OPERATOR(pg_catalog.=) OLD._hc_lastop THEN
                NEW._hc_lastop := 'SYNCED';
                NEW._hc_err := NULL;
            END IF;
            RETURN NEW;
        END
        $body$;
        COMMENT ON FUNCTION %1$I.%2$I() IS 'Maintains _hc_lastop and _hc_err of one mapped table.';
    $ddl$, schema_name, sffdw.fit_name(format('hc_%s_status', table_name)),
        -- What is replicated with a status of its own comes from a table that is mapped there too.
        CASE WHEN capture_replicated THEN
            'IF pg_catalog.current_setting(''session_replication_role'') OPERATOR(pg_catalog.=) ''replica'' AND (CASE TG_OP '
            'WHEN ''INSERT'' THEN NEW._hc_lastop IS NOT NULL ELSE NEW._hc_lastop IS DISTINCT FROM OLD._hc_lastop END) THEN '
            'NEW._hc_lastop := ''SYNCED''; NEW._hc_err := NULL; RETURN NEW; END IF; '
        ELSE '' END);
END
$function$;

COMMENT ON FUNCTION sffdw.create_status(name, name, boolean) IS
    'Create or replace hc_<table>_status(); capture_replicated: it may see what logical replication applies.';
