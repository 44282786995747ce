-- The two triggers of a mapped table by contract, and the warning of TRUNCATE. They are enabled for ordinary sessions
-- only (ENABLE ORIGIN): what logical replication applies is not captured unless that is asked for (ENABLE ALWAYS).
CREATE FUNCTION sffdw.create_capture(
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
    PERFORM sffdw.create_logger(schema_name, table_name, hstore_schema, access, capture_replicated);
    PERFORM sffdw.create_status(schema_name, table_name, capture_replicated);
    PERFORM sffdw.create_truncate_warning(schema_name, table_name);
    EXECUTE format($ddl$
        CREATE OR REPLACE TRIGGER %3$I
        AFTER INSERT OR UPDATE OR DELETE ON %1$I.%2$I
        FOR EACH ROW
        WHEN (public.get_xmlbinary()::text = 'base64'::text)
        EXECUTE FUNCTION %1$I.%4$I();
        CREATE OR REPLACE TRIGGER %5$I
        BEFORE INSERT OR UPDATE ON %1$I.%2$I
        FOR EACH ROW
        EXECUTE FUNCTION %1$I.%6$I();
        ALTER TABLE %1$I.%2$I ENABLE %7$s TRIGGER %3$I, ENABLE %7$s TRIGGER %5$I;
    $ddl$,
        schema_name, table_name,
        sffdw.fit_name(format('hc_%s_logtrigger', table_name)), sffdw.fit_name(format('hc_%s_logger', table_name)),
        sffdw.fit_name(format('hc_%s_status_trigger', table_name)), sffdw.fit_name(format('hc_%s_status', table_name)),
        CASE WHEN capture_replicated THEN 'ALWAYS' ELSE '' END);
END
$function$;

COMMENT ON FUNCTION sffdw.create_capture(name, name, name, text, boolean) IS
    'Create or replace the triggers hc_<table>_logtrigger, hc_<table>_status_trigger and hc_<table>_truncated and their '
    'functions; capture_replicated: the first two act on what logical replication applies too.';

CREATE FUNCTION sffdw.drop_capture(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.drop_truncate_warning(schema_name, table_name);
    IF to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL THEN
        EXECUTE format('DROP TRIGGER IF EXISTS %3$I ON %1$I.%2$I; DROP TRIGGER IF EXISTS %4$I ON %1$I.%2$I',
                       schema_name, table_name,
                       sffdw.fit_name(format('hc_%s_logtrigger', table_name)),
                       sffdw.fit_name(format('hc_%s_status_trigger', table_name)));
    END IF;
    EXECUTE format('DROP FUNCTION IF EXISTS %1$I.%2$I(), %1$I.%3$I()',
                   schema_name,
                   sffdw.fit_name(format('hc_%s_logger', table_name)),
                   sffdw.fit_name(format('hc_%s_status', table_name)));
END
$function$;

COMMENT ON FUNCTION sffdw.drop_capture(name, name) IS
    'Drop what create_capture made; a trigger of the user''s on the same functions stops it. '
    'Raises dependent_objects_still_exist.';
