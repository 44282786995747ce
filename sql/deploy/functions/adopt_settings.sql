-- Deploy sffdw:functions/adopt_settings to pg
-- requires: functions/create_connection
-- requires: functions/describe_config
-- requires: functions/fit_name

BEGIN;

CREATE TYPE sffdw.finding AS (
    severity    text,
    rule_id     text,
    object_name text,
    message     text,
    hint        text
);

COMMENT ON TYPE sffdw.finding IS
    'What a check found: severity error, warning or pass; rule_id names the rule, object_name the object it concerns.';

CREATE FUNCTION sffdw.unknown_settings(given jsonb, known text[], object_name text DEFAULT NULL)
RETURNS sffdw.finding[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(ROW(
        'warning', 'SETTING', unknown_settings.object_name, format('setting "%s" is not taken over', k.key),
        'Nothing here is called so.')::sffdw.finding ORDER BY k.key), '{}')
    FROM jsonb_each(CASE jsonb_typeof(given) WHEN 'object' THEN given ELSE '{}' END) k
    WHERE k.key <> ALL (known)
    -- What is off there is off here too.
    AND k.value NOT IN ('null', 'false');
$function$;

COMMENT ON FUNCTION sffdw.unknown_settings(jsonb, text[], text) IS
    'Return a finding for each key of a configuration''s part that is not among the known ones.';

CREATE FUNCTION sffdw.check_config_keys(config jsonb)
RETURNS sffdw.finding[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.unknown_settings(config, '{version,connection,mappings}')
        || sffdw.unknown_settings(config -> 'connection', '{
            name,app_name,organization_id,exported_at,api_version,logplex_log_enabled,features,sffdw}')
        || sffdw.unknown_settings(config #> '{connection,features}', '{poll_db_no_merge}')
        -- Beyond the settings, what is looked up anew and compared: org, server and role.
        || sffdw.unknown_settings(config #> '{connection,sffdw}', '{
            options,write_algorithm,run_search_path,connection_name,live_schema_name,
            schema_name,server_name,owner_role,org_id,api_version,api_limit,hstore_schema,created_at,
            system_identifier,timeline_id,data_directory,database_oid}');
$function$;

COMMENT ON FUNCTION sffdw.check_config_keys(jsonb) IS
    'Return a finding for each setting of a connection that adopting its schema does not take over.';

CREATE FUNCTION sffdw.adopted_options(given jsonb, OUT options jsonb, OUT findings sffdw.finding[])
RETURNS record
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_name  text;
    v_value jsonb;
    v_hint  text;
BEGIN
    options := '{}';
    findings := '{}';
    FOR v_name, v_value IN SELECT key, value FROM jsonb_each(coalesce(given, '{}')) LOOP
        BEGIN
            PERFORM sffdw.check_connection_options('ordered', jsonb_build_object(v_name, v_value));
            options := options || jsonb_build_object(v_name, v_value);
        EXCEPTION WHEN fdw_invalid_option_name OR invalid_parameter_value THEN
            GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
            findings := findings || ROW('warning', 'SETTING', NULL,
                format('option "%s" is not taken over: %s', v_name, SQLERRM), v_hint)::sffdw.finding;
        END;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.adopted_options(jsonb) IS
    'Return those options of a configuration that a connection can have, and findings about the others.';

CREATE FUNCTION sffdw.read_details(schema_name name)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_details text;
BEGIN
    EXECUTE format('SELECT h.details FROM %I._hcmeta h ORDER BY h.id DESC LIMIT 1', schema_name) INTO v_details;
    RETURN v_details::jsonb;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.read_details(name) IS
    'Return what a schema''s _hcmeta says in the end; NULL if that is no JSON.';

CREATE FUNCTION sffdw.is_own_schema(schema_name name)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(jsonb_typeof(sffdw.read_details(schema_name) #> '{connection,sffdw}') = 'object', false);
$function$;

COMMENT ON FUNCTION sffdw.is_own_schema(name) IS
    'Whether the last to keep a schema in step was a connection of ours: its settings are mirrored in _hcmeta.';

CREATE FUNCTION sffdw.find_config(schema_name name, config jsonb, OUT settings jsonb, OUT origin text)
RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    settings := coalesce(config, sffdw.read_details(schema_name));
    origin := CASE WHEN config IS NULL THEN 'the settings in _hcmeta' ELSE 'the configuration given' END;
    IF jsonb_typeof(settings -> 'mappings') IS DISTINCT FROM 'array' THEN
        IF config IS NOT NULL THEN
            RAISE EXCEPTION 'the configuration has no mappings'
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'It is the JSON that Heroku Connect exports: {"version": 1, "mappings": […]}.';
        END IF;
        settings := NULL;
        origin := 'the tables themselves';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.find_config(name, jsonb) IS
    'Return the configuration to adopt by, and where it comes from: the one given, else the one mirrored in _hcmeta; '
    'NULL: what the tables tell. Raises invalid_parameter_value.';

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

COMMIT;
