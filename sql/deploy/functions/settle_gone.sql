-- Deploy sffdw:functions/settle_gone to pg
-- requires: functions/load_page
-- requires: functions/notify

BEGIN;

CREATE FUNCTION sffdw.confirm_gone(connection sffdw.connection, mapping sffdw.mapping)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids   text[];
    v_alive text[];
    v_left  text[];
BEGIN
    SELECT array_agg(b.sfid)
    INTO v_ids
    FROM (
        SELECT g.sfid
        FROM sffdw.gone_record g
        WHERE g.mapping_id = mapping.mapping_id
        AND g.confirmed_at IS NULL
        AND (g.kept_until IS NULL OR g.kept_until <= clock_timestamp())
        ORDER BY g.sfid
        LIMIT 1000
    ) b;
    IF v_ids IS NULL THEN
        RETURN false;
    END IF;
    PERFORM sffdw.check_call_cap(connection, mapping);
    EXECUTE format($query$
        SELECT array_agg(l.id), array_agg(l.id) FILTER (WHERE (%5$s) IS NOT TRUE)
        FROM %1$s l
        WHERE l._scope = %6$L
        AND l._purpose = 'deletes'
        AND l._mapping = %2$L
        AND l.id IN (%3$s)
        AND NOT %4$s
    $query$,
        sffdw.live_table(connection, mapping), mapping.mapping_id::text,
        (SELECT string_agg(quote_literal(i), ', ') FROM unnest(v_ids) i),
        sffdw.live_expression(connection, mapping, 'isdeleted', 'coalesce(l.isdeleted, false)', 'false'),
        coalesce(mapping.filter_expression, 'true'), sffdw.read_scope(connection, mapping))
    INTO v_alive, v_left;
    PERFORM sffdw.count_sync_run(mapping.run_id, coalesce(cardinality(v_alive), 0), (0, 0, 0, 0, 0));
    DELETE FROM sffdw.gone_record g
    WHERE g.mapping_id = mapping.mapping_id
    AND g.sfid = ANY (v_alive);
    INSERT INTO sffdw.deferred_record (mapping_id, sfid, reason)
    SELECT mapping.mapping_id, i, 'left'
    FROM unnest(v_left) i
    ON CONFLICT ON CONSTRAINT deferred_record_pkey DO NOTHING;
    UPDATE sffdw.gone_record g
    SET confirmed_at = clock_timestamp(), kept_until = NULL
    WHERE g.mapping_id = mapping.mapping_id
    AND g.sfid = ANY (v_ids);
    RETURN true;
END
$function$;

COMMENT ON FUNCTION sffdw.confirm_gone(sffdw.connection, sffdw.mapping) IS
    'Look for records that seem to be gone by their Id, up to 1,000, and forget those that are there; those that the '
    'row filter no longer lets through are to be read. False: there was none to look for.';

CREATE FUNCTION sffdw.judge_deletes(connection sffdw.connection, mapping sffdw.mapping)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_held   boolean := sffdw.has_hold(mapping.mapping_id, 'in', 'DELETE');
    v_count     bigint;
    v_oldest_at timestamptz;
    v_threshold bigint;
    v_reason    text;
BEGIN
    EXECUTE format($query$
        SELECT count(*), min(g.found_at)
        FROM sffdw.gone_record g
        WHERE g.mapping_id = $1
        AND g.confirmed_at IS NOT NULL
        AND g.kept_until IS NULL
        AND NOT g.is_released
        AND EXISTS (SELECT FROM %s t WHERE t.sfid = g.sfid)
    $query$, sffdw.mapped_table(connection, mapping))
    INTO v_count, v_oldest_at
    USING mapping.mapping_id;
    v_threshold := sffdw.delete_threshold(connection, mapping, v_count);
    IF v_count <= v_threshold THEN
        DELETE FROM sffdw.held_change h
        WHERE h.mapping_id = mapping.mapping_id
        AND h.direction = 'in'
        AND h.action = 'DELETE';
        IF FOUND THEN
            PERFORM sffdw.log_event(mapping.connection_id, 'DELETES NOT HELD ANY MORE',
                                    format('only %s rows are left to be deleted', v_count),
                                    object_name => mapping.object_name, row_count => v_count);
        END IF;
        RETURN true;
    END IF;
    v_reason := format('%s rows are not in Salesforce any more, and more than %s at once are not believed', v_count,
                       v_threshold);
    INSERT INTO sffdw.held_change AS h (mapping_id, direction, action, entry_count, oldest_at, threshold, reason)
    VALUES (mapping.mapping_id, 'in', 'DELETE', v_count, v_oldest_at, v_threshold, v_reason)
    ON CONFLICT ON CONSTRAINT held_change_pkey DO UPDATE
    SET entry_count = excluded.entry_count,
        oldest_at = excluded.oldest_at,
        threshold = excluded.threshold,
        reason = excluded.reason;
    IF NOT v_is_held THEN
        PERFORM sffdw.log_event(mapping.connection_id, 'DELETES HELD', v_reason || ': none was deleted', 'WARNING',
                                mapping.object_name, v_count);
        PERFORM sffdw.notify(
            mapping.connection_id, 'changes-held',
            format('%s: %s: none was deleted. Can its user see them all? If they are gone, run '
                   'SELECT sffdw.release(''in'', %L); to keep them, SELECT sffdw.release(''in'', %L, true).',
                   mapping.object_name, v_reason, mapping.object_name, mapping.object_name));
    END IF;
    RETURN false;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_deletes(sffdw.connection, sffdw.mapping) IS
    'Whether the rows whose records are gone may be deleted: not if implausibly many would vanish at once. Then they '
    'are held, and a person is told once.';

CREATE FUNCTION sffdw.choose_gone(mapping sffdw.mapping, force boolean, released_only boolean)
RETURNS text[]
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Each once a poll, with the pauses of records that are set aside.
    WITH chosen AS (
        SELECT g.sfid
        FROM sffdw.gone_record g
        WHERE g.mapping_id = mapping.mapping_id
        AND g.confirmed_at IS NOT NULL
        AND g.kept_until IS NULL
        AND (g.is_released OR NOT released_only)
        AND (g.tried_at IS NULL
             OR g.tried_at < mapping.window_opened_at
             AND (force OR g.tried_at < clock_timestamp() - least(
                 interval '5 seconds' * power(2, least(g.attempts, 20)), interval '3 hours')))
        ORDER BY g.sfid
        LIMIT 2000
    ), stale AS (
        UPDATE sffdw.gone_record g
        SET confirmed_at = NULL
        FROM chosen c
        WHERE g.mapping_id = mapping.mapping_id
        AND g.sfid = c.sfid
        AND g.confirmed_at < mapping.window_opened_at
        RETURNING g.sfid
    ), tried AS (
        UPDATE sffdw.gone_record g
        SET tried_at = clock_timestamp(), attempts = g.attempts + 1, error = NULL
        FROM chosen c
        WHERE g.mapping_id = mapping.mapping_id
        AND g.sfid = c.sfid
        AND g.confirmed_at >= mapping.window_opened_at
        RETURNING g.sfid
    )
    SELECT CASE
        WHEN EXISTS (SELECT FROM chosen) THEN coalesce((SELECT array_agg(t.sfid) FROM tried t), '{}')
    END;
$function$;

COMMENT ON FUNCTION sffdw.choose_gone(sffdw.mapping, boolean, boolean) IS
    'Return the Ids of records whose rows are to be deleted now, at most 2,000; NULL: none. Those confirmed before this '
    'poll began are left out and to be confirmed again.';

CREATE FUNCTION sffdw.settle_gone(connection sffdw.connection, mapping sffdw.mapping, force boolean)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_ids     text[];
    v_stage   text;
BEGIN
    IF NOT EXISTS (SELECT FROM sffdw.gone_record g WHERE g.mapping_id = mapping.mapping_id)
    AND NOT sffdw.has_hold(mapping.mapping_id, 'in', 'DELETE') THEN
        RETURN false;
    ELSIF sffdw.confirm_gone(connection, mapping) THEN
        RETURN true;
    END IF;
    v_ids := sffdw.choose_gone(mapping, force, NOT sffdw.judge_deletes(connection, mapping));
    IF cardinality(v_ids) > 0 THEN
        v_stage := sffdw.open_stage(connection, mapping);
        EXECUTE format('INSERT INTO %s (_ordinal, _gone, sfid) '
                       'SELECT u.n, true, u.i FROM unnest($1) WITH ORDINALITY u (i, n)', v_stage)
        USING v_ids;
        PERFORM sffdw.count_sync_run(
            mapping.run_id, 0, sffdw.merge_page(connection, mapping, v_stage, v_read_at, 'now'));
    END IF;
    RETURN v_ids IS NOT NULL;
END
$function$;

COMMENT ON FUNCTION sffdw.settle_gone(sffdw.connection, sffdw.mapping, boolean) IS
    'Make the next step towards deleting the rows whose records are gone: confirm some, or delete some if that many '
    'are plausible. False: nothing is left to do for now.';

COMMIT;
