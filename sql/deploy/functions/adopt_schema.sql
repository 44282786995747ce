-- Deploy sffdw:functions/adopt_schema to pg
-- requires: functions/adopt_mapping
-- requires: functions/check_old_writer
-- requires: functions/create_connection
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

CREATE FUNCTION sffdw.infer_config(connection sffdw.connection)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mappings jsonb;
BEGIN
    EXECUTE format($query$
        SELECT coalesce(jsonb_agg(jsonb_build_object('object_name', o.object_name, 'config', jsonb_build_object(
            'access', CASE WHEN f.prosrc LIKE '%%READONLY%%' AND f.prosrc NOT LIKE '%%''NEW''%%' THEN 'read_only'
                           ELSE 'read_write' END,
            'upsert_field', (
                SELECT d.field_name
                FROM %1$I._fields d
                JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indnatts = 1
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
                WHERE d.object_name = o.object_name
                AND lower(d.field_name) = a.attname
                AND a.attname NOT IN ('id', 'sfid')
                ORDER BY d.field_name
                LIMIT 1)))), '[]')
        FROM pg_class c
        JOIN %1$I._objects o ON lower(o.object_name) = c.relname
        LEFT JOIN pg_proc f ON f.pronamespace = c.relnamespace
            AND f.proname = sffdw.fit_name(format('hc_%%s_logger', c.relname))
        WHERE c.relnamespace = quote_ident(%2$L)::regnamespace
        AND c.relkind IN ('r', 'p')
        AND (SELECT count(*) = 3 FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attname IN ('sfid', '_hc_lastop', '_hc_err') AND NOT a.attisdropped)
    $query$, connection.live_schema_name, connection.schema_name)
    INTO v_mappings;
    RETURN jsonb_build_object('mappings', v_mappings);
END
$function$;

COMMENT ON FUNCTION sffdw.infer_config(sffdw.connection) IS
    'Return the configuration that a schema''s tables themselves tell of: objects, access and unique identifiers.';

CREATE FUNCTION sffdw.find_config(connection sffdw.connection, config jsonb, OUT settings jsonb, OUT origin text)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_details text;
BEGIN
    settings := config;
    origin := 'the configuration given';
    IF settings IS NULL THEN
        EXECUTE format('SELECT h.details FROM %I._hcmeta h ORDER BY h.id DESC LIMIT 1', connection.schema_name)
        INTO v_details;
        origin := 'the settings in _hcmeta';
        BEGIN
            settings := v_details::jsonb;
        EXCEPTION WHEN invalid_text_representation THEN
            settings := NULL;
        END;
    END IF;
    IF jsonb_typeof(settings -> 'mappings') IS DISTINCT FROM 'array' THEN
        IF config IS NOT NULL THEN
            RAISE EXCEPTION 'the configuration has no mappings'
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'It is the JSON that Heroku Connect exports: {"version": 1, "mappings": […]}.';
        END IF;
        settings := sffdw.infer_config(connection);
        origin := 'the tables themselves';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.find_config(sffdw.connection, jsonb) IS
    'Return the configuration to adopt by, and where it comes from: the one given, else the one mirrored in _hcmeta, '
    'else what the tables tell. Raises invalid_parameter_value.';

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
    v_excess   text;
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
        IF to_regclass(format('%I.%I', connection.schema_name, lower(v_name))) IS NULL THEN
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
    v_excess := sffdw.describe_excess(sffdw.learn_limit(connection));
    IF v_excess IS NOT NULL THEN
        v_findings := v_findings || ROW(
            CASE WHEN force THEN 'warning' ELSE 'error' END, 'CALL_BUDGET', NULL, v_excess,
            CASE
                WHEN force THEN 'Poll less often with sffdw.alter_mapping; sffdw.forecast_calls lists what costs how much.'
                ELSE 'Raise sf_polling_seconds in the configuration or the server option api_budget_percent, or pass '
                     'force => true and poll less often with sffdw.alter_mapping.'
            END)::sffdw.finding;
    END IF;
    RETURN v_findings || array(
        SELECT ROW('warning', 'TABLE_UNMAPPED', NULL, format('table "%s" is not in the configuration', c.relname),
                   'It stays as it is, and nobody keeps it in step.')::sffdw.finding
        FROM pg_class c
        WHERE c.relnamespace = quote_ident(connection.schema_name)::regnamespace
        AND c.relkind IN ('r', 'p')
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '_hc_lastop')
        AND c.relname NOT IN (
            SELECT coalesce(lower(e ->> 'object_name'), '') FROM jsonb_array_elements(config -> 'mappings') e)
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
    EXECUTE format('INSERT INTO %I._hcmeta (hcver) VALUES (1)', connection.schema_name);
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
    schema_name     name,
    server_name     name,
    config          jsonb,
    confirm_pending boolean,
    force           boolean,
    connection_name text,
    run_search_path text
)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_live       name := schema_name || '_live';
    v_connection sffdw.connection;
    v_config     record;
    v_findings   sffdw.finding[] := sffdw.check_old_writer(schema_name, confirm_pending);
BEGIN
    PERFORM sffdw.check_connection_names(connection_name, schema_name, v_live);
    PERFORM sffdw.claim_schema(v_live);
    PERFORM sffdw.create_xmlbinary_switch();
    PERFORM sffdw.check_xmlbinary_switch();
    v_connection := sffdw.enter_connection(
        connection_name, server_name, schema_name, v_live, 'ordered', '{}', run_search_path);
    v_config := sffdw.find_config(v_connection, config);
    v_findings := v_findings || sffdw.check_adopted_org(v_connection, v_config.settings)
        || ROW('pass', 'CONFIGURATION', NULL, 'mappings are those of ' || v_config.origin, NULL)::sffdw.finding;
    IF v_config.settings #>> '{connection,features,poll_db_no_merge}' = 'false' THEN
        UPDATE sffdw.connection c
        SET write_algorithm = 'merged'
        WHERE c.connection_id = v_connection.connection_id;
        v_findings := v_findings || ROW(
            'pass', 'WRITE_ALGORITHM', NULL, 'merged writes, as before', NULL)::sffdw.finding;
    END IF;
    UPDATE sffdw.connection c
    SET paused_out = true
    WHERE c.connection_id = v_connection.connection_id;
    PERFORM sffdw.adopt_log(v_connection);
    v_findings := v_findings || sffdw.adopt_mappings(v_connection, v_config.settings, force);
    PERFORM sffdw.mirror_config(v_connection.connection_id);
    PERFORM sffdw.log_event(v_connection.connection_id, 'SCHEMA ADOPTED',
                            format('by %s; writes are paused', v_config.origin));
    RETURN v_findings;
END
$function$;

COMMENT ON FUNCTION sffdw.try_adoption(name, name, jsonb, boolean, boolean, text, text) IS
    'Adopt a schema and return what was found; the caller undoes it if that is not good enough.';

CREATE FUNCTION sffdw.adopt_schema(
    schema_name     text,
    server_name     text,
    config          jsonb DEFAULT NULL,
    dry_run         boolean DEFAULT false,
    confirm_pending boolean DEFAULT false,
    force           boolean DEFAULT false,
    connection_name text DEFAULT NULL,
    -- As a default it is evaluated outside, where the caller's own search_path still holds.
    run_search_path text DEFAULT pg_catalog.current_setting('search_path')
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
                                             coalesce(connection_name, schema_name), run_search_path);
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

COMMENT ON FUNCTION sffdw.adopt_schema(text, text, jsonb, boolean, boolean, boolean, text, text) IS
    'Take over a schema as Heroku Connect left it: tables, rows, ids, trigger log and archive stay, its triggers are '
    'replaced by ours, nothing is loaded anew. The mappings are those of the exported configuration, else of _hcmeta, '
    'else what the tables tell. Writes start paused. Polls that would exceed the budget of API calls are refused unless '
    'forced. Returns what was found; with dry_run nothing else happens. Raises '
    'object_not_in_prerequisite_state, insufficient_privilege, undefined_object, invalid_parameter_value.';

COMMIT;
