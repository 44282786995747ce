-- Deploy sffdw:functions/adopt_schema to pg
-- requires: functions/adopt_connection
-- requires: functions/adopt_mapping
-- requires: functions/check_old_writer
-- requires: functions/forecast_calls

BEGIN;

CREATE FUNCTION sffdw.list_foreign_parts(schema_name name)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(format('%s "%s" of role "%s"', p.kind, p.part_name, pg_get_userbyid(p.owner_id)), ', '
                      ORDER BY p.kind DESC, p.part_name)
    FROM (
        SELECT 'table' AS kind, c.relname AS part_name, c.relowner AS owner_id
        FROM pg_class c
        WHERE c.relnamespace = quote_ident(schema_name)::regnamespace
        AND c.relkind IN ('r', 'p')
        AND (c.relname IN ('_trigger_log', '_trigger_log_archive', '_hcmeta')
             OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '_hc_lastop'))
        UNION ALL
        SELECT 'function', f.proname, f.proowner
        FROM pg_proc f
        WHERE f.pronamespace = quote_ident(schema_name)::regnamespace
        AND (f.proname = 'tlog_notify_trigger' OR f.proname LIKE 'hc\_%')
    ) p
    WHERE NOT pg_has_role(p.owner_id, 'USAGE');
$function$;

COMMENT ON FUNCTION sffdw.list_foreign_parts(name) IS
    'List the tables and functions of a schema as Heroku Connect left it that the current role cannot alter; NULL: none.';

CREATE FUNCTION sffdw.find_schema_problem(schema_name name)
RETURNS sffdw.finding
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_owner name := (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE n.nspname = schema_name);
    v_table text;
    v_parts text;
BEGIN
    IF v_owner IS NULL THEN
        RETURN ROW('error', 'SCHEMA', NULL, format('schema "%s" does not exist', schema_name),
                   'Restore Heroku Connect''s schema first, or use sffdw.create_connection.')::sffdw.finding;
    ELSIF v_owner <> current_user THEN
        RETURN ROW('error', 'SCHEMA', NULL, format('schema "%s" belongs to role "%s"', schema_name, v_owner),
                   format('Run ALTER SCHEMA %I OWNER TO %I, and the same for what is in it.', schema_name,
                          current_user))::sffdw.finding;
    ELSIF EXISTS (SELECT FROM sffdw.connection c WHERE c.schema_name = find_schema_problem.schema_name) THEN
        RETURN ROW('error', 'SCHEMA', NULL, format('schema "%s" has a connection already', schema_name),
                   'See sffdw.connections.')::sffdw.finding;
    END IF;
    FOREACH v_table IN ARRAY '{_trigger_log,_trigger_log_archive,_hcmeta}'::text[] LOOP
        IF to_regclass(format('%I.%I', schema_name, v_table)) IS NULL THEN
            RETURN ROW('error', 'INTERNAL_TABLES', NULL, format('table "%s" is missing', v_table),
                       'Restore it with the schema: it holds what has not been sent yet.')::sffdw.finding;
        END IF;
    END LOOP;
    v_parts := sffdw.list_foreign_parts(schema_name);
    IF v_parts IS NOT NULL THEN
        RETURN ROW('error', 'OWNER', NULL, 'not all of the schema is yours: ' || v_parts,
                   format('As their owner or a superuser, run REASSIGN OWNED, or ALTER … OWNER TO %I for each.',
                          current_user))::sffdw.finding;
    END IF;
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.find_schema_problem(name) IS
    'Return why a schema cannot be adopted by the current role; NULL: nothing stands in the way.';

CREATE FUNCTION sffdw.adopted_table(entry jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(entry #>> '{config,sffdw,table_name}', lower(entry ->> 'object_name'));
$function$;

COMMENT ON FUNCTION sffdw.adopted_table(jsonb) IS 'Return the name of the table that an entry of a configuration is about.';

CREATE FUNCTION sffdw.check_adopted_calls(connection sffdw.connection, force boolean)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_severity CONSTANT text := CASE WHEN force THEN 'warning' ELSE 'error' END;
    v_findings sffdw.finding[] := '{}';
    v_excess   text := sffdw.describe_excess(connection);
    v_mapping  sffdw.mapping;
    v_detail   text;
BEGIN
    IF v_excess IS NOT NULL THEN
        v_findings := v_findings || ROW(v_severity, 'CALL_BUDGET', NULL, v_excess, CASE
            WHEN force THEN 'Poll less often with sffdw.alter_mapping; sffdw.forecast_calls lists what costs how much.'
            ELSE 'Raise sf_polling_seconds in the configuration or the server option api_budget_percent, or pass '
                 'force => true and poll less often with sffdw.alter_mapping.'
        END)::sffdw.finding;
    END IF;
    FOR v_mapping IN
        SELECT m.* FROM sffdw.mapping m WHERE m.connection_id = connection.connection_id ORDER BY m.object_name
    LOOP
        BEGIN
            PERFORM sffdw.check_forecast(connection, v_mapping);
        EXCEPTION WHEN SQLSTATE 'SF003' THEN
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
            -- That of the connection is told of once, above.
            CONTINUE WHEN v_detail NOT LIKE '%daily_call_cap%';
            v_findings := v_findings || ROW(v_severity, 'CALL_BUDGET', v_mapping.object_name,
                SQLERRM || ': ' || lower(left(v_detail, 1)) || rtrim(substr(v_detail, 2), '.'), CASE
                WHEN force THEN 'Poll less often, or raise daily_call_cap, with sffdw.alter_mapping.'
                ELSE 'Raise sf_polling_seconds or sf_max_daily_api_calls in the configuration, or pass force => true and '
                     'change them with sffdw.alter_mapping.'
            END)::sffdw.finding;
        END;
    END LOOP;
    RETURN v_findings;
END
$function$;

COMMENT ON FUNCTION sffdw.check_adopted_calls(sffdw.connection, boolean) IS
    'Return findings about adopted mappings whose polls would exceed the budget of API calls or their own daily cap: '
    'errors unless forced.';

CREATE FUNCTION sffdw.adopt_mappings(connection sffdw.connection, config jsonb, force boolean)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_findings sffdw.finding[] := '{}';
    v_entry    jsonb;
    v_name     text;
    v_hint     text;
BEGIN
    FOR v_entry IN SELECT e FROM jsonb_array_elements(config -> 'mappings') e LOOP
        v_name := v_entry ->> 'object_name';
        IF v_name IS NULL THEN
            v_findings := v_findings || ROW(
                'error', 'CONFIGURATION', NULL, format('an entry of the mappings names no object: %s',
                                                       left(v_entry::text, 100)),
                'Each is {"object_name": "Account", "config": {…}}.')::sffdw.finding;
            CONTINUE;
        END IF;
        IF to_regclass(format('%I.%I', connection.schema_name, sffdw.adopted_table(v_entry))) IS NULL THEN
            v_findings := v_findings || ROW(
                'warning', 'TABLE_MISSING', v_name, 'there is no table of it',
                'Create the mapping with sffdw.create_mapping.')::sffdw.finding;
            CONTINUE;
        END IF;
        BEGIN
            v_findings := v_findings || sffdw.adopt_mapping(connection, v_entry);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
            v_findings := v_findings || ROW('error', 'MAPPING', v_name, SQLERRM, v_hint)::sffdw.finding;
        END;
    END LOOP;
    v_findings := v_findings || sffdw.check_adopted_calls(sffdw.learn_limit(connection), force);
    RETURN v_findings || array(
        SELECT ROW('warning', 'TABLE_UNMAPPED', NULL, format('table "%s" is not in the configuration', c.relname),
                   'It stays as it is, and nobody keeps it in step.')::sffdw.finding
        FROM pg_class c
        WHERE c.relnamespace = quote_ident(connection.schema_name)::regnamespace
        AND c.relkind IN ('r', 'p')
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '_hc_lastop')
        AND c.relname NOT IN (
            SELECT coalesce(sffdw.adopted_table(e), '') FROM jsonb_array_elements(config -> 'mappings') e)
        ORDER BY c.relname);
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_mappings(sffdw.connection, jsonb, boolean) IS
    'Take over the mappings of a configuration; what goes wrong with one is a finding and does not stop the others.';

CREATE FUNCTION sffdw.adopt_log(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.remember_objects(
        connection, '_trigger_log',
        '{tlog_notify_trigger,hc_capture_insert_from_row,hc_capture_update_from_row}', '{tlog_insert_trigger}');
    PERFORM sffdw.drop_log_functions(connection.schema_name, connection.hstore_schema);
    PERFORM sffdw.create_log_notify(connection.schema_name);
    PERFORM sffdw.create_repair_functions(connection.schema_name, connection.hstore_schema);
    -- Of a schema that was ours the last row is ours already.
    IF NOT sffdw.is_own_schema(connection.schema_name) THEN
        EXECUTE format('INSERT INTO %I._hcmeta (hcver) VALUES (1)', connection.schema_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_log(sffdw.connection) IS
    'Put our functions of the trigger log in the place of those that are there, which are noted.';

CREATE FUNCTION sffdw.check_adopted_org(connection sffdw.connection, config jsonb)
RETURNS sffdw.finding
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_org text;
BEGIN
    EXECUTE format('SELECT h.org_id FROM %I._hcmeta h WHERE h.org_id <> '''' ORDER BY h.id DESC LIMIT 1',
                   connection.schema_name)
    INTO v_org;
    v_org := coalesce(v_org, config #>> '{connection,organization_id}');
    IF left(v_org, 15) <> left(connection.org_id, 15) THEN
        RETURN ROW('error', 'ORG', NULL,
                   format('the tables belong to org %s, the server leads to %s', v_org, connection.org_id),
                   'Correct the server''s login_url or the user mapping.')::sffdw.finding;
    ELSIF v_org IS NULL THEN
        RETURN ROW('warning', 'ORG', NULL, format('nothing says which org the tables belong to; it is taken to be %s',
                                                  connection.org_id), 'Make sure before writes are resumed.')::sffdw.finding;
    END IF;
    RETURN ROW('pass', 'ORG', NULL, format('the tables and the server are of org %s', connection.org_id),
               NULL)::sffdw.finding;
END
$function$;

COMMENT ON FUNCTION sffdw.check_adopted_org(sffdw.connection, jsonb) IS
    'Compare the org that a schema''s _hcmeta names with the server''s.';

CREATE FUNCTION sffdw.try_adoption(
    schema_name         name,
    server_name         name,
    config              jsonb,
    confirm_pending     boolean,
    force               boolean,
    connection_name     text,
    run_search_path     text,
    session_search_path text
)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_config     record := sffdw.find_config(schema_name, config);
    v_adopted    record;
    v_connection sffdw.connection;
    v_findings   sffdw.finding[] := sffdw.check_old_writer(schema_name, confirm_pending);
BEGIN
    v_adopted := sffdw.adopt_connection(
        schema_name, server_name, v_config.settings, connection_name,
        CASE WHEN run_search_path IS NULL AND v_config.settings #>> '{connection,sffdw,run_search_path}' IS NULL
             THEN session_search_path ELSE run_search_path END);
    v_connection := v_adopted.connection;
    v_config.settings := coalesce(v_config.settings, sffdw.infer_config(v_connection));
    v_findings := v_findings || sffdw.check_adopted_org(v_connection, v_config.settings) || v_adopted.findings
        || ROW('pass', 'CONFIGURATION', NULL, 'mappings are those of ' || v_config.origin, NULL)::sffdw.finding;
    PERFORM sffdw.adopt_log(v_connection);
    v_findings := v_findings || sffdw.adopt_mappings(v_connection, v_config.settings, force);
    PERFORM sffdw.mirror_config(v_connection.connection_id);
    PERFORM sffdw.log_event(v_connection.connection_id, 'SCHEMA ADOPTED',
                            format('by %s; writes are paused', v_config.origin));
    RETURN v_findings;
END
$function$;

COMMENT ON FUNCTION sffdw.try_adoption(name, name, jsonb, boolean, boolean, text, text, text) IS
    'Adopt a schema and return what was found; the caller undoes it if that is not good enough.';

CREATE FUNCTION sffdw.adopt_schema(
    schema_name         text,
    server_name         text,
    config              jsonb DEFAULT NULL,
    dry_run             boolean DEFAULT false,
    confirm_pending     boolean DEFAULT false,
    force               boolean DEFAULT false,
    connection_name     text DEFAULT NULL,
    run_search_path     text DEFAULT NULL,
    -- As a default it is evaluated outside, where the caller's own search_path still holds.
    session_search_path text DEFAULT pg_catalog.current_setting('search_path')
)
RETURNS SETOF sffdw.finding
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
AS $function$
DECLARE
    v_problem  sffdw.finding;
    v_findings sffdw.finding[];
    v_errors   text;
BEGIN
    PERFORM sffdw.refuse_superuser();
    PERFORM sffdw.check_server(server_name);
    v_problem := sffdw.find_schema_problem(schema_name);
    v_findings := CASE WHEN v_problem IS NULL THEN '{}' ELSE ARRAY[v_problem] END;
    IF v_problem IS NULL THEN
        -- What is tried for a dry run, or in vain, is undone by the exception; the findings stay.
        BEGIN
            v_findings := sffdw.try_adoption(schema_name, server_name, config, confirm_pending, force,
                                             connection_name, run_search_path, session_search_path);
            IF dry_run OR 'error' IN (SELECT f.severity FROM unnest(v_findings) f) THEN
                RAISE transaction_rollback;
            END IF;
        EXCEPTION WHEN transaction_rollback THEN
            NULL;
        END;
    END IF;
    SELECT string_agg(concat_ws(': ', f.object_name, f.message), '; ')
    INTO v_errors
    FROM unnest(v_findings) f
    WHERE f.severity = 'error';
    IF v_errors IS NOT NULL AND NOT dry_run THEN
        RAISE EXCEPTION 'schema "%" cannot be adopted', schema_name
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = v_errors || '.',
                  HINT = 'With dry_run => true all that was found is listed, with what to do about it.';
    END IF;
    RETURN QUERY SELECT f.* FROM unnest(v_findings) f;
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_schema(text, text, jsonb, boolean, boolean, boolean, text, text, text) IS
    'Take over a schema as Heroku Connect left it: tables, rows, ids, trigger log and archive stay, its triggers are '
    'replaced by ours, nothing is loaded anew. The mappings are those of the exported configuration, else of _hcmeta, '
    'else what the tables tell; run_search_path is the configuration''s, else session_search_path, unless given. Writes '
    'start paused. Polls that would exceed the budget of API calls or their own daily cap are refused unless forced. Returns what was found; with dry_run nothing else happens. Raises '
    'object_not_in_prerequisite_state, insufficient_privilege, undefined_object, invalid_parameter_value.';

COMMIT;
