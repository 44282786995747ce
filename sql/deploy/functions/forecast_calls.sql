-- Deploy sffdw:functions/forecast_calls to pg
-- requires: functions/count_calls
-- requires: functions/cursor_column
-- requires: functions/find_connection
-- requires: functions/request_field_sweep
-- requires: functions/require_owner
-- requires: functions/sync_setting

BEGIN;

CREATE FUNCTION sffdw.call_budget(connection sffdw.connection)
RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT connection.api_limit * coalesce((
        SELECT o.option_value::integer
        FROM pg_foreign_server s
        CROSS JOIN LATERAL pg_options_to_table(s.srvoptions) o
        WHERE s.srvname = connection.server_name
        AND o.option_name = 'api_budget_percent'), 95) / 100;
$function$;

COMMENT ON FUNCTION sffdw.call_budget(sffdw.connection) IS
    'Return how many of the org''s daily API calls the server option api_budget_percent allows; NULL while the org''s '
    'limit is not known.';

CREATE TYPE sffdw.call_forecast AS (
    object_name   text,
    purpose       text,
    calls_per_day bigint
);

COMMENT ON TYPE sffdw.call_forecast IS 'API calls that the settings of a connection will cost in a day.';

CREATE FUNCTION sffdw.poll_pages(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN mapping.has_systemmodstamp OR sffdw.cursor_column(connection, mapping) IS NOT NULL THEN 1
        -- Nothing tells what is recent: every record is compared.
        ELSE ceil(greatest(mapping.org_count, mapping.load_rows_done, 1)
                  / sffdw.sync_setting(connection.options, 'page_size')::numeric)
    END;
$function$;

COMMENT ON FUNCTION sffdw.poll_pages(sffdw.connection, sffdw.mapping) IS
    'Return how many calls a poll of a mapping takes when little changes.';

CREATE FUNCTION sffdw.event_polls(connection sffdw.connection, mapping sffdw.mapping)
RETURNS numeric
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_most    numeric := 86400 / sffdw.sync_setting(connection.options, 'accelerated_gap_s');
    v_seconds numeric;
    v_changes numeric;
BEGIN
    IF NOT mapping.accelerated THEN
        RETURN 0;
    END IF;
    -- Rows changed, not events: several of one transaction are one event, so that this is the most.
    SELECT extract(epoch FROM clock_timestamp() - min(r.started_at)),
           sum(r.inserted_count + r.updated_count + r.deleted_count)
    INTO v_seconds, v_changes
    FROM sffdw.sync_run r
    WHERE r.connection_id = mapping.connection_id
    AND r.object_name = mapping.object_name
    AND r.purpose = 'poll'
    AND r.started_at > clock_timestamp() - interval '1 day';
    IF v_seconds >= 3600 THEN
        RETURN least(v_most, v_changes * 86400 / v_seconds);
    END IF;
    RETURN least(v_most, greatest(
        mapping.daily_call_cap * 0.9 - 86400 / extract(epoch FROM mapping.poll_interval), 0));
END
$function$;

COMMENT ON FUNCTION sffdw.event_polls(sffdw.connection, sffdw.mapping) IS
    'Return how many polls a day change events will ask for: one for each row that polls changed in the last day, but '
    'one in accelerated_gap_s at most; as many as that, or as daily_call_cap lets through, where less than an hour has '
    'been observed.';

CREATE FUNCTION sffdw.forecast_mapping(connection sffdw.connection, mapping sffdw.mapping)
RETURNS SETOF sffdw.call_forecast
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH setting AS (
        SELECT extract(epoch FROM mapping.poll_interval) AS poll_s,
               sffdw.sync_setting(connection.options, 'delete_interval_s') AS delete_s,
               sffdw.sync_setting(connection.options, 'formula_interval_s') AS formula_s,
               sffdw.sync_setting(connection.options, 'compare_interval_s') AS compare_s,
               sffdw.sync_setting(connection.options, 'page_size') AS page_size,
               greatest(mapping.org_count, mapping.load_rows_done, 1) AS record_count
    )
    SELECT mapping.object_name, f.purpose, ceil(f.calls)::bigint
    FROM setting s
    CROSS JOIN LATERAL (VALUES
        ('poll', (86400 / s.poll_s + sffdw.event_polls(connection, mapping)) * sffdw.poll_pages(connection, mapping)),
        -- The delete log is asked after a poll.
        ('deletes', CASE WHEN mapping.replicateable AND mapping.has_systemmodstamp
                    THEN 86400 / (ceil(s.delete_s / s.poll_s) * s.poll_s) END),
        ('formula', CASE WHEN cardinality(sffdw.calculated_columns(mapping.mapping_id)) > 0
                    THEN 86400.0 / s.formula_s * ceil(s.record_count / s.page_size::numeric) END),
        -- The Ids are compared.
        ('verify', 86400.0 / s.compare_s * ceil(s.record_count / 2000.0))
    ) AS f (purpose, calls)
    WHERE f.calls IS NOT NULL;
$function$;

COMMENT ON FUNCTION sffdw.forecast_mapping(sffdw.connection, sffdw.mapping) IS
    'Return what a mapping''s settings will cost in a day when little changes: a page a poll, and polls that change '
    'events ask for as event_polls says.';

CREATE FUNCTION sffdw.mapping_calls(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sum(f.calls_per_day)::bigint
    FROM sffdw.forecast_mapping(connection, mapping) f;
$function$;

COMMENT ON FUNCTION sffdw.mapping_calls(sffdw.connection, sffdw.mapping) IS
    'Return what a mapping''s settings will cost in a day, all purposes together.';

CREATE FUNCTION sffdw.forecast_connection(connection sffdw.connection)
RETURNS SETOF sffdw.call_forecast
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT f.*
    FROM sffdw.mapping m
    CROSS JOIN LATERAL sffdw.forecast_mapping(connection, m) f
    WHERE m.connection_id = connection.connection_id
    UNION ALL
    -- 25 objects a call.
    SELECT NULL, 'describe',
           ceil(86400.0 / sffdw.sync_setting(connection.options, 'schema_interval_s'))::bigint
           * ceil(count(*) / 25.0)::bigint
    FROM sffdw.mapping m
    WHERE m.connection_id = connection.connection_id
    HAVING count(*) > 0;
$function$;

COMMENT ON FUNCTION sffdw.forecast_connection(sffdw.connection) IS
    'Return what the settings of all mappings of a connection will cost in a day.';

CREATE FUNCTION sffdw.forecast_calls(connection_name text DEFAULT 'salesforce')
RETURNS TABLE (object_name text, purpose text, calls_per_day bigint, share_percent numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
BEGIN
    RETURN QUERY
    SELECT f.object_name, f.purpose, f.calls_per_day,
           round(100.0 * f.calls_per_day / nullif(sffdw.call_budget(v_connection), 0), 2)
    FROM sffdw.forecast_connection(v_connection) f
    ORDER BY f.object_name NULLS LAST, f.purpose;
END
$function$;

COMMENT ON FUNCTION sffdw.forecast_calls(text) IS
    'Return how many API calls a connection''s settings will cost in a day, by object and purpose, when little '
    'changes; share_percent is the share of the budget, NULL while the org''s limit is not known. Loads, writes and '
    'your own queries come on top. Raises undefined_object.';

CREATE FUNCTION sffdw.learn_limit(connection sffdw.connection)
RETURNS sffdw.connection
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF connection.api_limit IS NULL THEN
        EXECUTE format('SELECT s.api_limit FROM %I._session s', connection.live_schema_name)
        INTO connection.api_limit;
        UPDATE sffdw.connection c
        SET api_limit = connection.api_limit
        WHERE c.connection_id = connection.connection_id
        AND connection.api_limit IS NOT NULL;
    END IF;
    RETURN connection;
END
$function$;

COMMENT ON FUNCTION sffdw.learn_limit(sffdw.connection) IS
    'Return the connection with the org''s limit, noted from the last answer if it was not known.';

CREATE FUNCTION sffdw.describe_excess(connection sffdw.connection)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('polls would cost %s API calls a day, the budget is %s', t.total, sffdw.call_budget(connection))
    FROM (SELECT sum(f.calls_per_day) AS total FROM sffdw.forecast_connection(connection) f) t
    WHERE t.total > sffdw.call_budget(connection);
$function$;

COMMENT ON FUNCTION sffdw.describe_excess(sffdw.connection) IS
    'Say by how much a connection''s settings exceed the budget of API calls; NULL: they do not.';

CREATE FUNCTION sffdw.longer_interval(connection sffdw.connection, mapping sffdw.mapping, calls_left bigint)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN calls_left > 0 AND ceil(86400.0 * p.pages / calls_left) <= 604800 THEN
            format('a poll_interval of at least %s seconds', ceil(86400.0 * p.pages / calls_left))
        ELSE 'fewer mappings or longer intervals'
    END
    FROM (SELECT sffdw.poll_pages(connection, mapping) AS pages) p;
$function$;

COMMENT ON FUNCTION sffdw.longer_interval(sffdw.connection, sffdw.mapping, bigint) IS
    'Say in words what would fit into the calls that are left for a mapping''s polls.';

CREATE FUNCTION sffdw.check_forecast(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.learn_limit(connection);
    v_budget     bigint := sffdw.call_budget(v_connection);
    v_own        bigint;
    -- Of these the interval decides.
    v_polls      bigint := ceil(86400 / extract(epoch FROM mapping.poll_interval)
                                * sffdw.poll_pages(v_connection, mapping));
    v_total      bigint;
BEGIN
    v_own := sffdw.mapping_calls(v_connection, mapping);
    SELECT sum(f.calls_per_day) INTO v_total FROM sffdw.forecast_connection(v_connection) f;
    IF v_own > mapping.daily_call_cap THEN
        RAISE EXCEPTION 'the polls of object "%" would exceed its daily_call_cap', mapping.object_name
            USING ERRCODE = 'SF003',
                  DETAIL = format('They would cost %s API calls a day; daily_call_cap is %s.', v_own,
                                  mapping.daily_call_cap),
                  HINT = format('Choose %s, a higher daily_call_cap, or force => true.', sffdw.longer_interval(
                      v_connection, mapping, mapping.daily_call_cap - v_own + v_polls));
    ELSIF v_total > v_budget THEN
        RAISE EXCEPTION 'the polls of connection "%" would exceed the budget of API calls',
                        v_connection.connection_name
            USING ERRCODE = 'SF003',
                  DETAIL = format('They would cost %s API calls a day, those of object "%s" %s; the budget is %s of '
                                  'the org''s %s.', v_total, mapping.object_name, v_own, v_budget,
                                  v_connection.api_limit),
                  HINT = format('Choose %s, raise the server option api_budget_percent, or pass force => true; '
                                'sffdw.forecast_calls lists what costs how much.', sffdw.longer_interval(
                      v_connection, mapping, v_budget - v_total + v_polls));
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_forecast(sffdw.connection, sffdw.mapping) IS
    'Stop if what a mapping''s settings will cost exceeds its daily_call_cap or, with the other mappings, the budget. '
    'Raises SF003.';

COMMIT;
