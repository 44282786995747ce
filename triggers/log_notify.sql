-- The trigger log's own trigger: wakes whoever listens; a transaction's many pings reach a listener as one.
CREATE FUNCTION sffdw.create_log_notify(schema_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($ddl$
        CREATE FUNCTION %1$I.tlog_notify_trigger()
        RETURNS trigger
        LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp
        AS $body$
        BEGIN
            PERFORM pg_notify(%2$L, 'ping');
            RETURN NEW;
        END
        $body$;
        COMMENT ON FUNCTION %1$I.tlog_notify_trigger() IS 'Sends ''ping'' for every new entry of the trigger log.';
        CREATE TRIGGER tlog_insert_trigger
        AFTER INSERT ON %1$I._trigger_log
        FOR EACH ROW
        EXECUTE FUNCTION %1$I.tlog_notify_trigger();
    $ddl$, schema_name, schema_name || '.hc_trigger_log');
END
$function$;

COMMENT ON FUNCTION sffdw.create_log_notify(name) IS
    'Create tlog_notify_trigger() and its trigger: each new entry sends ''ping'' on channel <schema>.hc_trigger_log.';
