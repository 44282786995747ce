-- The triggers of a mapped table in write mode sync: after each statement of an app they have its changes sent and wait
-- for the answer. Their name puts them before those of history, which then keep one version with the sfid.
CREATE FUNCTION sffdw.create_await_function(schema_name name, table_name name)
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
        -- SECURITY DEFINER so that an app needs rights on its table only: the user mapping is the owner's.
        SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $body$
        DECLARE
            v_has_rows boolean;
        BEGIN
            IF TG_OP = 'DELETE' THEN
                v_has_rows := EXISTS (SELECT FROM old_rows);
            ELSE
                v_has_rows := EXISTS (SELECT FROM new_rows);
            END IF;
            IF NOT v_has_rows THEN
                RETURN NULL;
            ELSIF NOT %6$s THEN
                RAISE EXCEPTION 'table "%%" is written synchronously, and extension sffdw is not there', %3$L
                    USING ERRCODE = 'object_not_in_prerequisite_state',
                          HINT = %4$L;
            END IF;
            PERFORM sffdw.await_statement(%5$L, %3$L);
            RETURN NULL;
        END
        $body$;
        -- Whoever could attach it to a table of his own could have the owner's changes sent.
        REVOKE ALL ON FUNCTION %1$I.%2$I() FROM PUBLIC;
        COMMENT ON FUNCTION %1$I.%2$I() IS 'Sends the changes of a statement and waits for Salesforce.';
    $ddl$,
        schema_name, sffdw.fit_name(format('hc_%s_await', table_name)), table_name,
        format('Create the extension again, or run DROP FUNCTION %I.%I() CASCADE: changes are captured then, and sent '
               'by nobody.', schema_name, sffdw.fit_name(format('hc_%s_await', table_name))),
        schema_name, sffdw.own_function('sffdw.await_statement(name, name)'));
END
$function$;

COMMENT ON FUNCTION sffdw.create_await_function(name, name) IS
    'Create or replace the trigger function hc_<table>_await().';

CREATE FUNCTION sffdw.create_await(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_trigger record;
BEGIN
    PERFORM sffdw.create_await_function(schema_name, table_name);
    FOR v_trigger IN VALUES ('insert', 'NEW TABLE AS new_rows'), ('update', 'NEW TABLE AS new_rows'),
                            ('delete', 'OLD TABLE AS old_rows')
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER %I AFTER %s ON %I.%I REFERENCING %s FOR EACH STATEMENT '
            'WHEN (public.get_xmlbinary()::text = ''base64''::text) EXECUTE FUNCTION %I.%I()',
            sffdw.fit_name(format('hc_%s_await_%s', table_name, v_trigger.column1)), v_trigger.column1,
            schema_name, table_name, v_trigger.column2, schema_name, sffdw.fit_name(format('hc_%s_await', table_name)));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.create_await(name, name) IS
    'Create or replace the triggers hc_<table>_await_insert, _update and _delete and their function.';

CREATE FUNCTION sffdw.drop_await(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = 'warning'
AS $function$
DECLARE
    v_event text;
BEGIN
    FOREACH v_event IN ARRAY '{insert,update,delete}'::text[] LOOP
        IF to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL THEN
            EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I.%I',
                           sffdw.fit_name(format('hc_%s_await_%s', table_name, v_event)), schema_name, table_name);
        END IF;
    END LOOP;
    EXECUTE format('DROP FUNCTION IF EXISTS %I.%I()', schema_name,
                   sffdw.fit_name(format('hc_%s_await', table_name)));
END
$function$;

COMMENT ON FUNCTION sffdw.drop_await(name, name) IS 'Drop what create_await made: statements wait no more.';
