-- Deploy sffdw:functions/plan_load to pg
-- requires: functions/load_stage
-- requires: functions/read_page
-- requires: tables/load_chunk

BEGIN;

CREATE FUNCTION sffdw.number_of_id(record_id text)
RETURNS numeric
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The twelve characters behind the object's prefix, in the order in which Salesforce sorts them.
    SELECT sum((strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', c.letter) - 1)
               * 62::numeric ^ (12 - c.place))
    FROM string_to_table(substr(record_id, 4, 12), NULL) WITH ORDINALITY AS c (letter, place);
$function$;

COMMENT ON FUNCTION sffdw.number_of_id(text) IS 'Return the place of an Id among those of its object.';

CREATE FUNCTION sffdw.id_of_number(prefix text, number numeric)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT prefix || string_agg(
        substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
               (div(number, trunc(62::numeric ^ (12 - p.place))) % 62)::integer + 1, 1), '' ORDER BY p.place)
    FROM generate_series(1, 12) AS p (place);
$function$;

COMMENT ON FUNCTION sffdw.id_of_number(text, numeric) IS
    'Return the Id, of 15 characters, at a place among those of an object.';

CREATE FUNCTION sffdw.divide_ids(lowest text, highest text, part_count integer)
RETURNS SETOF text
LANGUAGE sql
IMMUTABLE
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.id_of_number(left(lowest, 3), trunc(
        sffdw.number_of_id(lowest)
        + (sffdw.number_of_id(highest) - sffdw.number_of_id(lowest)) * n / part_count))
    FROM generate_series(1, part_count - 1) n
    WHERE left(lowest, 3) = left(highest, 3)
    AND sffdw.number_of_id(highest) - sffdw.number_of_id(lowest) >= part_count
    ORDER BY n;
$function$;

COMMENT ON FUNCTION sffdw.divide_ids(text, text, integer) IS
    'Return the Ids at which the range between two Ids is divided into so many parts; none if they are of two objects '
    'or too near.';

CREATE FUNCTION sffdw.ask_soql(connection sffdw.connection, query text, key text, purpose text DEFAULT 'load')
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_value text;
BEGIN
    EXECUTE format('SELECT q.record ->> %L FROM %I._soql q WHERE q.query = %L AND q.scope = %L AND q._purpose = %L',
                   key, connection.live_schema_name, query, 'all', purpose) INTO v_value;
    RETURN v_value;
END
$function$;

COMMENT ON FUNCTION sffdw.ask_soql(sffdw.connection, text, text, text) IS
    'Return one value of the first record of a statement. Raises what Salesforce answers.';

CREATE FUNCTION sffdw.count_org_records(connection sffdw.connection, mapping sffdw.mapping)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    EXECUTE format('SELECT r.record_count FROM %I._record_counts r WHERE r.object_name = %L AND r._purpose = %L',
                   connection.live_schema_name, mapping.object_name, 'load') INTO v_count;
    IF v_count IS NULL THEN
        v_count := sffdw.ask_soql(connection, 'SELECT COUNT() FROM ' || mapping.object_name, 'totalSize')::bigint;
    END IF;
    UPDATE sffdw.mapping m
    SET org_count = v_count, org_counted_at = clock_timestamp()
    WHERE m.mapping_id = mapping.mapping_id;
    RETURN v_count;
EXCEPTION WHEN SQLSTATE 'SF005' OR SQLSTATE 'SF006' OR SQLSTATE 'SF009' THEN
    -- Some objects cannot be counted, very large ones not in time: reading them tells.
    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.count_org_records(sffdw.connection, sffdw.mapping) IS
    'Return about how many records an object has: Salesforce''s own count, which costs nothing to make, else a query. '
    'NULL if it cannot be counted.';

CREATE FUNCTION sffdw.choose_transport(connection sffdw.connection, record_count bigint)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE coalesce(o.option_value, 'auto')
        WHEN 'rest' THEN 'REST'
        WHEN 'bulk' THEN 'Bulk'
        ELSE CASE WHEN record_count > sffdw.sync_setting(connection.options, 'bulk_load_threshold') THEN 'Bulk'
                  ELSE 'REST' END
    END
    FROM pg_foreign_server s
    LEFT JOIN pg_options_to_table(s.srvoptions) o ON o.option_name = 'transport'
    WHERE s.srvname = connection.server_name;
$function$;

COMMENT ON FUNCTION sffdw.choose_transport(sffdw.connection, bigint) IS
    'Say how an object with so many records is loaded: through Bulk beyond bulk_load_threshold of the connection''s '
    'options, or as the server option transport says.';

CREATE FUNCTION sffdw.plan_chunks(connection sffdw.connection, mapping sffdw.mapping, record_count bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parts  integer := least(ceil(coalesce(record_count, 0)::numeric
                                   / sffdw.sync_setting(connection.options, 'bulk_chunk_rows')), 64);
    v_query  text := format('SELECT Id FROM %s ORDER BY Id ', mapping.object_name);
    v_bounds text[] := '{}';
BEGIN
    IF v_parts > 1 THEN
        v_bounds := ARRAY(SELECT sffdw.divide_ids(
            sffdw.ask_soql(connection, v_query || 'ASC NULLS FIRST LIMIT 1', 'Id'),
            sffdw.ask_soql(connection, v_query || 'DESC NULLS LAST LIMIT 1', 'Id'), v_parts));
    END IF;
    -- Open at both ends: Ids below and above may come while the load runs.
    INSERT INTO sffdw.load_chunk (mapping_id, chunk_number, first_id, before_id)
    SELECT mapping.mapping_id, n, v_bounds[n - 1], v_bounds[n]
    FROM generate_series(1, cardinality(v_bounds) + 1) n;
END
$function$;

COMMENT ON FUNCTION sffdw.plan_chunks(sffdw.connection, sffdw.mapping, bigint) IS
    'Divide a load through Bulk into ranges of Ids of about bulk_chunk_rows records each, at most 64.';

CREATE FUNCTION sffdw.plan_load(connection sffdw.connection, mapping sffdw.mapping, is_empty boolean)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count     bigint := sffdw.count_org_records(connection, mapping);
    v_transport text := sffdw.choose_transport(connection, v_count);
BEGIN
    DELETE FROM sffdw.load_chunk c
    WHERE c.mapping_id = mapping.mapping_id;
    PERFORM sffdw.drop_load_stage(connection, mapping);
    IF mapping.load_is_staged THEN
        PERFORM sffdw.open_load_stage(connection, mapping);
    END IF;
    IF v_transport = 'Bulk' THEN
        PERFORM sffdw.plan_chunks(connection, mapping, v_count);
        IF is_empty THEN
            PERFORM sffdw.drop_load_indexes(mapping.mapping_id);
        END IF;
    END IF;
    UPDATE sffdw.mapping m
    SET load_transport = v_transport,
        phase = CASE v_transport WHEN 'Bulk' THEN 'bulk' ELSE 'load' END
    WHERE m.mapping_id = mapping.mapping_id;
    RETURN v_transport;
END
$function$;

COMMENT ON FUNCTION sffdw.plan_load(sffdw.connection, sffdw.mapping, boolean) IS
    'Decide how a load reads its records, prepare what it needs, and return REST or Bulk.';

COMMIT;
