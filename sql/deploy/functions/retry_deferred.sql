-- Deploy sffdw:functions/retry_deferred to pg
-- requires: functions/poll_page
-- requires: functions/settle_gone
-- requires: functions/sweep_page

BEGIN;

CREATE FUNCTION sffdw.choose_deferred(mapping sffdw.mapping, force boolean)
RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids text[];
BEGIN
    -- Each once a poll. The pauses double from 10 seconds to 3 hours: what a table always refuses costs little.
    WITH due AS (
        SELECT d.sfid, d.error
        FROM sffdw.deferred_record d
        WHERE d.mapping_id = mapping.mapping_id
        AND (d.tried_at IS NULL
             OR d.tried_at < mapping.window_opened_at
             AND (force OR d.tried_at < clock_timestamp() - least(
                 interval '5 seconds' * power(2, least(d.attempts, 20)), interval '3 hours')))
        ORDER BY d.since
        LIMIT 200
    ), chosen AS (
        SELECT d.sfid
        FROM due d
        UNION
        -- Records that exchange unique identifiers can only be merged together, whatever the pauses of each.
        (
            SELECT d.sfid
            FROM sffdw.deferred_record d
            WHERE d.mapping_id = mapping.mapping_id
            AND d.error LIKE '%(23505)'
            AND d.tried_at < mapping.window_opened_at
            AND EXISTS (SELECT FROM due WHERE due.error LIKE '%(23505)')
            ORDER BY d.since
            LIMIT 1000
        )
    ), tried AS (
        UPDATE sffdw.deferred_record d
        SET tried_at = clock_timestamp(), attempts = d.attempts + 1
        FROM chosen c
        WHERE d.mapping_id = mapping.mapping_id
        AND d.sfid = c.sfid
        RETURNING d.sfid
    )
    SELECT array_agg(t.sfid)
    INTO v_ids
    FROM tried t;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.choose_deferred(sffdw.mapping, boolean) IS
    'Return the Ids of records set aside that are to be read again now, at most 200, and with one that the table '
    'refused for a unique value all such; NULL: none.';

CREATE FUNCTION sffdw.forget_vanished(connection sffdw.connection, mapping sffdw.mapping, stage text, ids text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_gone text[];
BEGIN
    EXECUTE format($query$
        WITH vanished AS (
            DELETE FROM sffdw.deferred_record d
            WHERE d.mapping_id = $1
            AND d.sfid = ANY ($2)
            AND NOT EXISTS (SELECT FROM %1$s s WHERE s.sfid = d.sfid COLLATE "C")
            RETURNING d.sfid
        )
        SELECT array_agg(v.sfid)
        FROM vanished v
        WHERE EXISTS (SELECT FROM %2$s t WHERE t.sfid = v.sfid)
    $query$, stage, sffdw.mapped_table(connection, mapping))
    INTO v_gone
    USING mapping.mapping_id, ids;
    PERFORM sffdw.add_gone(mapping.mapping_id, v_gone, 'poll', clock_timestamp());
END
$function$;

COMMENT ON FUNCTION sffdw.forget_vanished(sffdw.connection, sffdw.mapping, text, text[]) IS
    'Of the records set aside that were asked for by their Id, those that did not come are gone.';

CREATE FUNCTION sffdw.finish_poll(mapping sffdw.mapping, due_at timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.close_sync_run(mapping, 'ok');
    UPDATE sffdw.mapping m
    SET phase = NULL,
        state = 'DATA_SYNCED',
        state_description = NULL,
        last_error = NULL,
        error_count = 0,
        last_poll_at = m.window_opened_at,
        next_poll_at = CASE
            WHEN EXISTS (
                SELECT
                FROM sffdw.deferred_record d
                WHERE d.mapping_id = m.mapping_id
                AND d.reason IN ('locked', 'unsent')
                AND d.attempts <= 2
            ) OR EXISTS (
                SELECT
                FROM sffdw.gone_record g
                WHERE g.mapping_id = m.mapping_id
                AND g.attempts BETWEEN 1 AND 2
            ) THEN due_at + least(m.poll_interval, interval '10 seconds')
            ELSE due_at + m.poll_interval
        END,
        run_id = NULL
    FROM sffdw.connection c
    WHERE m.mapping_id = mapping.mapping_id
    AND c.connection_id = m.connection_id;
    PERFORM sffdw.plan_formula_sweep(mapping, c.options, due_at)
    FROM sffdw.connection c
    WHERE c.connection_id = mapping.connection_id;
    UPDATE sffdw.connection c
    SET last_poll_at = clock_timestamp()
    WHERE c.connection_id = mapping.connection_id;
    PERFORM sffdw.end_throttle(mapping.connection_id);
END
$function$;

COMMENT ON FUNCTION sffdw.finish_poll(sffdw.mapping, timestamptz) IS
    'End a poll: the mapping is in sync as of its watermark. Rows that were only locked are tried again '
    'soon, and what changed meanwhile by a change event is polled for at once.';

CREATE FUNCTION sffdw.settle_aside(connection sffdw.connection, mapping sffdw.mapping, force boolean)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_ids     text[];
    v_stage   text;
    v_count   integer;
BEGIN
    IF sffdw.settle_gone(connection, mapping, force) THEN
        RETURN true;
    END IF;
    v_ids := sffdw.choose_deferred(mapping, force);
    IF v_ids IS NULL THEN
        RETURN false;
    END IF;
    v_stage := sffdw.open_stage(connection, mapping);
    v_count := sffdw.read_records(
        connection, mapping, v_stage, 'poll',
        format('l.id IN (%s)', (SELECT string_agg(quote_literal(i), ', ') FROM unnest(v_ids) i)));
    PERFORM sffdw.forget_vanished(connection, mapping, v_stage, v_ids);
    PERFORM sffdw.count_sync_run(mapping.run_id, v_count, sffdw.merge_page(connection, mapping, v_stage, v_read_at));
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_aside(sffdw.connection, sffdw.mapping, boolean) IS
    'Make one of the last steps of a poll: delete rows of records that are gone, or read records that were set aside '
    'again by their Id and merge them. False: nothing is left for now.';

CREATE FUNCTION sffdw.retry_deferred(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    force      boolean,
    due_at     timestamptz
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT sffdw.settle_aside(connection, mapping, force) THEN
        PERFORM sffdw.finish_poll(mapping, due_at);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.retry_deferred(sffdw.connection, sffdw.mapping, boolean, timestamptz) IS
    'Make one of the last steps of a poll; when nothing is left for now, end it.';

COMMIT;
