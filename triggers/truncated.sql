-- TRUNCATE is not captured, by contract: who runs it is told so. The trigger works without schema sffdw too, and calls
-- nothing in it but what its owner or a superuser has put there.
CREATE FUNCTION sffdw.create_truncate_warning(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_function CONSTANT name := sffdw.fit_name(format('hc_%s_truncated', table_name));
BEGIN
    EXECUTE format($ddl$
        CREATE OR REPLACE FUNCTION %1$I.%2$I()
        RETURNS trigger
        LANGUAGE plpgsql
        -- SECURITY DEFINER so that an app needs rights on its table only.
        SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $body$
        BEGIN
            RAISE WARNING 'TRUNCATE of table "%%" is not sent to Salesforce', %3$L
                USING DETAIL = 'Its records stay there, and the rows come back when the two sides are compared.',
                      HINT = 'Run DELETE to have the records deleted too, or sffdw.reload to have the rows back.';
            IF %6$s THEN
                PERFORM sffdw.note_truncate(%4$L, %3$L);
            END IF;
            RETURN NULL;
        END
        $body$;
        REVOKE ALL ON FUNCTION %1$I.%2$I() FROM PUBLIC;
        COMMENT ON FUNCTION %1$I.%2$I() IS 'Warns who truncates one mapped table.';
        CREATE OR REPLACE TRIGGER %2$I
        AFTER TRUNCATE ON %1$I.%5$I
        FOR EACH STATEMENT
        WHEN (public.get_xmlbinary()::text = 'base64'::text)
        EXECUTE FUNCTION %1$I.%2$I();
    $ddl$, schema_name, v_function, table_name, schema_name, table_name,
        sffdw.own_function('sffdw.note_truncate(name, name)'));
END
$function$;

COMMENT ON FUNCTION sffdw.create_truncate_warning(name, name) IS
    'Create or replace the trigger hc_<table>_truncated and its function.';

CREATE FUNCTION sffdw.drop_truncate_warning(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = 'warning'
AS $function$
DECLARE
    v_function CONSTANT name := sffdw.fit_name(format('hc_%s_truncated', table_name));
BEGIN
    IF to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL THEN
        EXECUTE format('DROP TRIGGER IF EXISTS %2$I ON %1$I.%3$I', schema_name, v_function, table_name);
    END IF;
    EXECUTE format('DROP FUNCTION IF EXISTS %I.%I()', schema_name, v_function);
END
$function$;

COMMENT ON FUNCTION sffdw.drop_truncate_warning(name, name) IS
    'Drop what create_truncate_warning made. Raises dependent_objects_still_exist.';
