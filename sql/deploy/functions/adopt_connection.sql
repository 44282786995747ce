-- Deploy sffdw:functions/adopt_connection to pg
-- requires: functions/adopt_settings
-- requires: functions/check_connection
-- requires: functions/recover

BEGIN;

CREATE FUNCTION sffdw.check_adopted_server(connection sffdw.connection, own jsonb)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mismatch text := sffdw.find_cluster_mismatch(jsonb_populate_record(connection, own));
BEGIN
    IF own -> 'system_identifier' IS NULL OR v_mismatch IS NULL THEN
        RETURN '{}';
    END IF;
    PERFORM sffdw.doubt_inserts(connection);
    RETURN ARRAY[ROW(
        'warning', 'CLUSTER', NULL, v_mismatch,
        'Make sure that nobody else writes. Inserts that wait are looked for in Salesforce before they are sent.'
    )::sffdw.finding];
END
$function$;

COMMENT ON FUNCTION sffdw.check_adopted_server(sffdw.connection, jsonb) IS
    'Compare this server with the one that a schema''s own settings are of; of another, queued inserts are in doubt.';

CREATE FUNCTION sffdw.adopt_connection(
    schema_name     name,
    server_name     name,
    config          jsonb,
    connection_name text,
    run_search_path text,
    OUT connection  sffdw.connection,
    OUT findings    sffdw.finding[]
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_own       jsonb := coalesce(config #> '{connection,sffdw}', '{}');
    v_is_same   boolean := coalesce(v_own ->> 'schema_name' = schema_name, false);
    -- Names are those of this schema; another connection's may be taken.
    v_name      text := coalesce(connection_name, CASE WHEN v_is_same THEN v_own ->> 'connection_name' END, schema_name);
    v_live      name := coalesce(CASE WHEN v_is_same THEN v_own ->> 'live_schema_name' END, schema_name || '_live');
    v_algorithm text := coalesce(v_own ->> 'write_algorithm', CASE
        WHEN config #>> '{connection,features,poll_db_no_merge}' = 'false' THEN 'merged' ELSE 'ordered' END);
    v_options   record := sffdw.adopted_options(v_own -> 'options');
BEGIN
    PERFORM sffdw.check_connection_options(v_algorithm, '{}');
    PERFORM sffdw.check_connection_names(v_name, schema_name, v_live);
    PERFORM sffdw.claim_schema(v_live);
    PERFORM sffdw.create_xmlbinary_switch();
    PERFORM sffdw.check_xmlbinary_switch();
    connection := sffdw.enter_connection(v_name, server_name, schema_name, v_live, v_algorithm, v_options.options,
                                         coalesce(run_search_path, v_own ->> 'run_search_path'));
    UPDATE sffdw.connection c
    SET paused_out = true
    WHERE c.connection_id = connection.connection_id
    RETURNING c.* INTO connection;
    findings := sffdw.check_config_keys(config) || v_options.findings;
    IF v_is_same THEN
        findings := findings || sffdw.check_adopted_server(connection, v_own);
    END IF;
    IF v_algorithm = 'merged' THEN
        findings := findings || ROW('pass', 'WRITE_ALGORITHM', NULL, 'merged writes, as before', NULL)::sffdw.finding;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_connection(name, name, jsonb, text, text) IS
    'Enter the connection of an adopted schema with the settings that the configuration has for it, its writes paused. '
    'Raises as create_connection.';

COMMIT;
