-- Deploy sffdw:functions/judge_stage to pg
-- requires: functions/protect_stage
-- requires: functions/read_intents

BEGIN;

CREATE FUNCTION sffdw.difference(connection sffdw.connection, mapping sffdw.mapping, is_protected boolean)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Collations may call different texts equal. A recalculation moves the stamps of millions of records and nothing
    -- else: that is no reason to rewrite a row, unless it waits to be told that its own change has come back.
    SELECT string_agg(
        CASE WHEN is_protected THEN format('NOT %L = ANY (s._kept) AND ', c.column_name) ELSE '' END
        || format('t.%1$I %2$s IS DISTINCT FROM s.%1$I', c.column_name, CASE WHEN c.is_text THEN 'COLLATE "C"' END)
        || CASE
            WHEN c.column_name = 'systemmodstamp'
                THEN ' AND (t.systemmodstamp IS NULL OR t._hc_lastop IS DISTINCT FROM ''SYNCED'')'
            ELSE ''
        END,
        ' OR ')
    FROM sffdw.merge_columns(connection, mapping) c;
$function$;

COMMENT ON FUNCTION sffdw.difference(sffdw.connection, sffdw.mapping, boolean) IS
    'Return the condition under which a local row (t) differs from its staged record (s), protected columns and a mere '
    'move of SystemModstamp apart.';

CREATE FUNCTION sffdw.hold_back_own(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_in_flight boolean;
    v_user_id   text;
BEGIN
    EXECUTE format($query$
        SELECT EXISTS (
            SELECT
            FROM %I._trigger_log l
            WHERE l.table_name = $1
            AND l.state = 'PENDING'
            AND l.action = 'INSERT'
            AND l.sfid IS NULL
        )
    $query$, connection.schema_name)
    INTO v_in_flight
    USING mapping.table_name;
    IF v_in_flight THEN
        EXECUTE format('SELECT s.user_id FROM %I._session s', connection.live_schema_name) INTO v_user_id;
        EXECUTE format($query$
            UPDATE %s
            SET _verdict = 'unsent'
            WHERE _verdict = 'insert'
            AND _old_id IS NULL
            AND coalesce(_creator, $1) = $1
        $query$, stage)
        USING v_user_id;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.hold_back_own(sffdw.connection, sffdw.mapping, text) IS
    'Put off new records made by our user while an INSERT is in flight: one of them may be that row, which learns its '
    'sfid when the answer is written back.';

CREATE FUNCTION sffdw.hold_back_named(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column name := (
        SELECT f.column_name
        FROM sffdw.mapping_field f
        JOIN sffdw.merge_columns(connection, mapping) c ON c.column_name = f.column_name
        WHERE f.mapping_id = mapping.mapping_id
        AND f.field_name = mapping.unique_identifier
    );
BEGIN
    IF v_column IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format($query$
        UPDATE %1$s s
        SET _verdict = 'unsent'
        WHERE s._verdict = 'insert'
        AND lower(s.%2$I::text) IN (
            SELECT lower(l."values"::%3$I.hstore OPERATOR(%3$I.->) %2$L)
            FROM %4$I._trigger_log l
            WHERE l.table_name = $1
            AND l.action = 'INSERT'
            AND l.state IN ('NEW', 'PENDING')
        )
    $query$, stage, v_column, connection.hstore_schema, connection.schema_name)
    USING mapping.table_name;
END
$function$;

COMMENT ON FUNCTION sffdw.hold_back_named(sffdw.connection, sffdw.mapping, text) IS
    'Put off new records with the unique identifier of an INSERT that is open: they are that row''s, which was deleted '
    'or renamed meanwhile, made by a request whose answer was lost. As a row of their own they would come back, and what '
    'an app makes of that row would be overwritten when the INSERT is sent again.';

CREATE FUNCTION sffdw.hold_back_awaited(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_sfids     text[];
    v_in_flight boolean;
    v_user_id   text;
BEGIN
    IF mapping.write_mode <> 'sync' THEN
        RETURN;
    END IF;
    SELECT array_agg(c ->> 'record_id'), bool_or(NOT i.is_answered)
    INTO v_sfids, v_in_flight
    FROM sffdw.read_intents(connection, ARRAY(
        SELECT l.intent_id
        FROM sffdw.list_intents(connection) l
        WHERE l.mapping_id = mapping.mapping_id
        AND l.operation IN ('insert', 'upsert')
        AND NOT sffdw.has_ended(l.transaction_id))) i
    CROSS JOIN jsonb_array_elements(i.changes) c;
    IF v_sfids IS NULL THEN
        RETURN;
    ELSIF v_in_flight THEN
        EXECUTE format('SELECT s.user_id FROM %I._session s', connection.live_schema_name) INTO v_user_id;
    END IF;
    EXECUTE format($query$
        UPDATE %s
        SET _verdict = 'locked'
        WHERE _verdict = 'insert'
        AND (sfid = ANY ($1) OR coalesce(_creator, $2) = $2)
    $query$, stage)
    USING v_sfids, v_user_id;
END
$function$;

COMMENT ON FUNCTION sffdw.hold_back_awaited(sffdw.connection, sffdw.mapping, text) IS
    'Put off new records whose row an app''s transaction has just inserted synchronously: it cannot be seen before that '
    'commits, and inserting another would wait as long. While a request has no answer yet, those made by our user.';

CREATE FUNCTION sffdw.find_moving_identifiers(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_column name;
BEGIN
    FOR v_column IN SELECT u FROM sffdw.unique_columns(connection, mapping) u LOOP
        EXECUTE format($query$
            UPDATE %1$s s
            SET _clears = array_append(s._clears, %3$L)
            FROM %2$s t
            WHERE t.id = s._local_id
            AND s._verdict = 'update'
            AND NOT %3$L = ANY (coalesce(s._kept, '{}'))
            AND t.%3$I IS DISTINCT FROM s.%3$I
            AND EXISTS (
                SELECT
                FROM %1$s o
                WHERE o._verdict IN ('insert', 'update')
                AND o.%3$I = t.%3$I
            )
        $query$, stage, sffdw.mapped_table(connection, mapping), v_column);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.find_moving_identifiers(sffdw.connection, sffdw.mapping, text) IS
    'Mark the rows whose unique identifier goes to another record of the page, so that it is emptied first.';

CREATE FUNCTION sffdw.judge_stage(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
BEGIN
    EXECUTE format($query$
        UPDATE %1$s s
        SET _verdict = CASE
                WHEN s._gone THEN 'same'
                WHEN EXISTS (SELECT FROM %2$s t WHERE t.sfid = s.sfid) THEN 'locked'
                ELSE %3$L
            END
        WHERE s._verdict IS NULL
        AND s._local_id IS NULL
    $query$, stage, v_table, CASE WHEN mapping.narrowed_to IS NULL THEN 'insert' ELSE 'skip' END);
    PERFORM sffdw.hold_back_own(connection, mapping, stage);
    PERFORM sffdw.hold_back_named(connection, mapping, stage);
    PERFORM sffdw.hold_back_awaited(connection, mapping, stage);
    EXECUTE format($query$
        UPDATE %1$s s
        SET _verdict = CASE
                -- What Salesforce rejected is nowhere else.
                WHEN s._leaves AND t._hc_lastop = 'FAILED' THEN 'unsent'
                WHEN s._gone THEN 'delete'
                WHEN s._kept IS NULL AND (%3$s) THEN 'update'
                WHEN s._kept IS NOT NULL AND (%4$s) THEN 'update'
                ELSE 'same'
            END
        FROM %2$s t
        WHERE s._verdict IS NULL
        AND t.id = s._local_id
    $query$, stage, v_table, sffdw.difference(connection, mapping, false),
        sffdw.difference(connection, mapping, true));
    PERFORM sffdw.find_moving_identifiers(connection, mapping, stage);
END
$function$;

COMMENT ON FUNCTION sffdw.judge_stage(sffdw.connection, sffdw.mapping, text) IS
    'Decide for each staged record what to do with the local table. Rows that equal their record are left alone.';

COMMIT;
