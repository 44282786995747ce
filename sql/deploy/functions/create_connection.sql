-- Deploy sffdw:functions/create_connection to pg
-- requires: functions/check_server
-- requires: functions/claim_schema
-- requires: functions/cluster_identity
-- requires: functions/count_calls
-- requires: functions/create_internal_tables
-- requires: functions/create_xmlbinary_switch
-- requires: functions/describe_config
-- requires: functions/find_hstore_schema
-- requires: functions/log_event
-- requires: functions/refuse_superuser
-- requires: functions/sync_setting
-- requires: triggers/log_notify
-- requires: triggers/repair

BEGIN;

CREATE FUNCTION sffdw.check_connection_names(connection_name text, schema_name name, live_schema_name name)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF schema_name = live_schema_name THEN
        RAISE EXCEPTION 'schema_name and live_schema_name must differ'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('Leave live_schema_name out, or use %I.', schema_name || '_live');
    ELSIF octet_length(schema_name) > 48 THEN
        RAISE EXCEPTION 'schema name "%" is too long', schema_name
            USING ERRCODE = 'name_too_long',
                  HINT = 'The channel <schema>.hc_trigger_log leaves it 48 bytes.';
    ELSIF EXISTS (
        SELECT
        FROM sffdw.connection c
        WHERE lower(c.connection_name) = lower(check_connection_names.connection_name)
        OR c.schema_name = check_connection_names.schema_name
    ) THEN
        RAISE EXCEPTION 'connection "%" already exists', connection_name
            USING ERRCODE = 'duplicate_object',
                  HINT = 'Choose another schema_name, or run sffdw.drop_connection first.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_connection_names(text, name, name) IS
    'Stop at names that cannot be a new connection''s. '
    'Raises invalid_parameter_value, name_too_long, duplicate_object.';

CREATE FUNCTION sffdw.check_connection_options(write_algorithm text, options jsonb)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_known CONSTANT jsonb := jsonb_build_object(
        'sync_rollback', 'string', 'ucs_basic_collation_index', 'boolean') || (
        SELECT jsonb_object_agg(k, 'number') FROM jsonb_object_keys(sffdw.sync_defaults()) k);
    v_key   text;
BEGIN
    IF write_algorithm IS NULL OR write_algorithm NOT IN ('ordered', 'merged') THEN
        RAISE EXCEPTION 'invalid value for "write_algorithm": %', coalesce(write_algorithm, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Valid values are: ordered, merged.';
    END IF;
    FOR v_key IN SELECT k FROM jsonb_object_keys(options) k WHERE NOT v_known ? k LOOP
        RAISE EXCEPTION 'invalid option "%"', v_key
            USING ERRCODE = 'fdw_invalid_option_name',
                  HINT = format('Valid options in this context are: %s.', (
                      SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(v_known) k));
    END LOOP;
    FOR v_key IN
        SELECT k
        FROM jsonb_object_keys(options) k
        WHERE jsonb_typeof(options -> k) <> v_known ->> k
        OR jsonb_typeof(options -> k) = 'number' AND options ->> k !~ '^[1-9][0-9]{0,8}$'
        OR k = 'sync_rollback' AND options ->> k NOT IN ('report', 'compensate')
    LOOP
        RAISE EXCEPTION 'invalid value for option "%": %', v_key, options -> v_key
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = CASE v_known ->> v_key
                      WHEN 'number' THEN 'It must be a whole number above 0.'
                      WHEN 'string' THEN 'It must be ''report'' or ''compensate''.'
                      ELSE 'It must be true or false.'
                  END;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.check_connection_options(text, jsonb) IS
    'Stop at an unknown option of a connection or a value of the wrong type. '
    'Raises fdw_invalid_option_name, invalid_parameter_value.';

CREATE FUNCTION sffdw.import_system_tables(server_name name, live_schema_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_session regclass := to_regclass(format('%I._session', live_schema_name));
    v_present text;
    v_table   regclass;
BEGIN
    SELECT string_agg(quote_ident(c.relname), ', ')
    INTO v_present
    FROM pg_foreign_table t
    JOIN pg_foreign_server s ON s.oid = t.ftserver
    JOIN pg_class c ON c.oid = t.ftrelid
    WHERE s.srvname = server_name
    AND c.relnamespace = to_regnamespace(quote_ident(live_schema_name))
    AND starts_with(c.relname, '_')
    HAVING v_session IS NULL OR bool_or(t.ftrelid = v_session);
    IF v_session IS NOT NULL AND v_present IS NULL THEN
        RAISE EXCEPTION 'schema "%" holds the live tables of another server', live_schema_name
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'Choose another live_schema_name.';
    END IF;
    EXECUTE format('IMPORT FOREIGN SCHEMA salesforce_system %s FROM SERVER %I INTO %I OPTIONS (system_columns ''true'')',
                   'EXCEPT (' || v_present || ')', server_name, live_schema_name);
    -- A person's own import may lack them.
    FOR v_table IN
        SELECT c.oid
        FROM pg_class c
        WHERE c.relnamespace = to_regnamespace(quote_ident(live_schema_name))
        AND c.relname IN ('_soql', '_limits', '_record_counts', '_deleted', '_updated', '_bulk_jobs',
                          '_ingest_records', '_ingest_results')
        AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '_purpose')
    LOOP
        EXECUTE format('ALTER FOREIGN TABLE %s ADD COLUMN _purpose text, ADD COLUMN _mapping text', v_table);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.import_system_tables(name, name) IS
    'Make sure that a schema has the system foreign tables, with the columns that tell calls'' purpose. '
    'Raises duplicate_schema if it has another server''s.';

CREATE FUNCTION sffdw.complete_search_path(search_path text, hstore_schema name)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT concat_ws(', ', nullif(search_path, ''), (
        SELECT string_agg(quote_ident(n), ', ')
        FROM unnest(ARRAY['public', nullif(hstore_schema, 'public')]) n
        WHERE quote_ident(n) <> ALL (regexp_split_to_array(search_path, ' *, *'))
    ));
$function$;

COMMENT ON FUNCTION sffdw.complete_search_path(text, name) IS
    'Return a search_path with public and hstore''s schema at its end if it lacks them: users'' triggers name '
    'get_xmlbinary() and hstore''s operators bare.';

CREATE FUNCTION sffdw.check_xmlbinary_switch()
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_owner pg_roles;
BEGIN
    SELECT r.*
    INTO v_owner
    FROM pg_proc p
    JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.oid = to_regprocedure('public.get_xmlbinary()');
    IF NOT v_owner.rolsuper AND v_owner.rolname <> current_user THEN
        RAISE EXCEPTION 'function public.get_xmlbinary() belongs to role "%"', v_owner.rolname
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'The triggers of mapped tables call it as whoever changes a row, the owner of the tables '
                           'included.',
                  HINT = 'As superuser look at its body, then run ALTER FUNCTION public.get_xmlbinary() OWNER TO '
                         'CURRENT_USER.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_xmlbinary_switch() IS
    'Stop if public.get_xmlbinary() belongs to a role that is neither a superuser nor the current one. '
    'Raises insufficient_privilege.';

CREATE FUNCTION sffdw.enter_connection(
    connection_name  text,
    server_name      name,
    schema_name      name,
    live_schema_name name,
    write_algorithm  text,
    options          jsonb,
    run_search_path  text
)
RETURNS sffdw.connection
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_hstore     name := sffdw.find_hstore_schema();
    v_before     sffdw.call_total[];
    v_session    record;
    v_connection sffdw.connection;
BEGIN
    PERFORM sffdw.import_system_tables(server_name, live_schema_name);
    v_before := array(SELECT r FROM sffdw.read_calls(server_name, live_schema_name, sffdw.utc_day()) r);
    EXECUTE format('SELECT org_id, api_version, api_limit FROM %I._session', live_schema_name) INTO v_session;
    INSERT INTO sffdw.connection (
        connection_name, server_name, schema_name, live_schema_name, write_algorithm, options, hstore_schema,
        run_search_path, org_id, api_version, api_limit, system_identifier, timeline_id, data_directory,
        database_oid)
    SELECT enter_connection.connection_name, enter_connection.server_name, enter_connection.schema_name,
           enter_connection.live_schema_name, enter_connection.write_algorithm, enter_connection.options, v_hstore,
           sffdw.complete_search_path(enter_connection.run_search_path, v_hstore), v_session.org_id,
           v_session.api_version, v_session.api_limit, i.system_identifier, i.timeline_id, i.data_directory,
           i.database_oid
    FROM sffdw.cluster_identity() i
    RETURNING * INTO v_connection;
    PERFORM sffdw.exclude_calls(v_connection.connection_id, v_before);
    RETURN v_connection;
END
$function$;

COMMENT ON FUNCTION sffdw.enter_connection(text, name, name, name, text, jsonb, text) IS
    'Import the system tables, ask Salesforce who we are, and enter the connection of a schema. '
    'Raises what the first call to Salesforce raises.';

CREATE FUNCTION sffdw.create_connection(
    server_name      text,
    schema_name      text DEFAULT 'salesforce',
    live_schema_name text DEFAULT 'salesforce_live',
    write_algorithm  text DEFAULT 'ordered',
    options          jsonb DEFAULT '{}',
    connection_name  text DEFAULT NULL,
    -- As a default it is evaluated outside, where the caller's own search_path still holds.
    run_search_path  text DEFAULT pg_catalog.current_setting('search_path')
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema  name := lower(schema_name);
    v_live    name := lower(live_schema_name);
    v_name    text := coalesce(connection_name, v_schema);
    v_new     sffdw.connection;
BEGIN
    PERFORM sffdw.refuse_superuser();
    PERFORM sffdw.check_connection_options(write_algorithm, options);
    PERFORM sffdw.check_connection_names(v_name, v_schema, v_live);
    PERFORM sffdw.check_server(server_name);
    PERFORM sffdw.claim_schema(v_schema);
    PERFORM sffdw.claim_schema(v_live);
    PERFORM sffdw.create_xmlbinary_switch();
    PERFORM sffdw.check_xmlbinary_switch();
    PERFORM sffdw.create_internal_tables(v_schema);
    PERFORM sffdw.create_log_notify(v_schema);
    PERFORM sffdw.create_repair_functions(v_schema, sffdw.find_hstore_schema());
    v_new := sffdw.enter_connection(v_name, server_name, v_schema, v_live, write_algorithm, options, run_search_path);

    EXECUTE format('INSERT INTO %I._hcmeta (hcver) VALUES (1)', v_schema);
    PERFORM sffdw.mirror_config(v_new.connection_id);
    PERFORM sffdw.log_event(v_new.connection_id, 'CONNECTION CREATED', format('connected to org %s', v_new.org_id));
    RETURN v_new.connection_id;
END
$function$;

COMMENT ON FUNCTION sffdw.create_connection(text, text, text, text, jsonb, text, text) IS
    'Connect a Salesforce server''s org with a schema of local tables, owned by the current role, and return the '
    'connection''s id. Makes both schemas, the trigger log and its functions, and imports the system tables. Raises '
    'insufficient_privilege for superusers and missing rights, undefined_object, duplicate_object, duplicate_table, '
    'and what the first call to Salesforce raises.';

COMMIT;
