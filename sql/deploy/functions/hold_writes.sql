-- Deploy sffdw:functions/hold_writes to pg
-- requires: functions/count_unsent
-- requires: functions/log_event
-- requires: functions/notify
-- requires: tables/held_change

BEGIN;

CREATE FUNCTION sffdw.enter_hold(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    release    sffdw.write_release,
    limits     sffdw.unsent_count,
    reason     text
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
BEGIN
    DELETE FROM sffdw.held_change h
    WHERE h.mapping_id = mapping.mapping_id
    AND h.direction = 'out';
    EXECUTE format($query$
        INSERT INTO sffdw.held_change (mapping_id, direction, action, entry_count, oldest_at, threshold, reason)
        SELECT $1, 'out', g.action, g.entry_count, g.oldest_at,
               CASE g.action WHEN 'DELETE' THEN $4 ELSE $3 END, $5
        FROM (
            SELECT l.action, count(*) AS entry_count, coalesce(min(l.created_at), clock_timestamp()) AS oldest_at
            FROM %I._trigger_log l
            WHERE l.state = 'NEW'
            AND l.table_name = $2
            AND l.action IN ('INSERT', 'UPDATE', 'DELETE')
            AND NOT (%s)
            GROUP BY l.action
        ) g
    $query$, connection.schema_name,
        CASE WHEN release.is_discard THEN 'false' ELSE sffdw.covered_entries(release) END)
    USING mapping.mapping_id, mapping.table_name, limits.entry_count, limits.delete_count, reason;
    SELECT sum(h.entry_count)
    INTO v_count
    FROM sffdw.held_change h
    WHERE h.mapping_id = mapping.mapping_id
    AND h.direction = 'out';
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.enter_hold(
    sffdw.connection, sffdw.mapping, sffdw.write_release, sffdw.unsent_count, text) IS
    'Enter what a mapping holds back, one row an action, or count it anew; return how many entries that are.';

CREATE FUNCTION sffdw.tell_hold(mapping sffdw.mapping, entry_count bigint, reason text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM sffdw.log_event(mapping.connection_id, 'CHANGES HELD', reason || ': nothing of this table is sent',
                            'WARNING', mapping.object_name, entry_count);
    PERFORM sffdw.notify(
        mapping.connection_id, 'changes-held',
        format('%s: %s: nothing of this table is sent. If they are meant, run SELECT sffdw.release(''out'', %L); to '
               'take them back, SELECT sffdw.release(''out'', %L, true).',
               mapping.object_name, reason, mapping.object_name, mapping.object_name));
END
$function$;

COMMENT ON FUNCTION sffdw.tell_hold(sffdw.mapping, bigint, text) IS
    'Tell a person, once, that a mapping''s changes wait for him.';

CREATE FUNCTION sffdw.end_hold(mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    DELETE FROM sffdw.held_change h
    WHERE h.mapping_id = mapping.mapping_id
    AND h.direction = 'out';
    IF FOUND THEN
        PERFORM sffdw.log_event(mapping.connection_id, 'CHANGES NOT HELD ANY MORE',
                                'as few as are left are sent', object_name => mapping.object_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.end_hold(sffdw.mapping) IS
    'End a hold by itself: entries were taken back by hand, or the threshold was raised.';

CREATE FUNCTION sffdw.forget_release(connection sffdw.connection, release sffdw.write_release)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Transactions that were under way and are over have entered all they will.
    EXECUTE format($query$
        UPDATE sffdw.write_release r
        SET in_progress = '{}'
        FROM sffdw.mapping m
        WHERE r.mapping_id = $1
        AND m.mapping_id = r.mapping_id
        AND r.in_progress <> '{}'
        AND (r.is_restored OR pg_snapshot_xmin(pg_current_snapshot())::text::bigint > ALL (r.in_progress))
        AND NOT EXISTS (
            SELECT
            FROM %I._trigger_log l
            WHERE l.state = 'NEW'
            AND l.table_name = m.table_name
            AND l.id <= r.until_entry
            AND l.txid = ANY (r.in_progress)
        )
    $query$, connection.schema_name)
    USING release.mapping_id;
    EXECUTE format($query$
        DELETE FROM sffdw.write_release r
        USING sffdw.mapping m
        WHERE r.mapping_id = $1
        AND m.mapping_id = r.mapping_id
        AND r.in_progress = '{}'
        AND NOT EXISTS (
            SELECT
            FROM %I._trigger_log l
            WHERE l.state IN ('NEW', 'PENDING')
            AND l.table_name = m.table_name
            AND l.id <= r.until_entry
        )
    $query$, connection.schema_name)
    USING release.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.forget_release(sffdw.connection, sffdw.write_release) IS
    'Forget a decision when none of its entries is left unsent.';

CREATE FUNCTION sffdw.holds_writes(mapping_id integer)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.held_change h
        WHERE h.mapping_id = holds_writes.mapping_id
        AND h.direction = 'out'
    );
$function$;

COMMENT ON FUNCTION sffdw.holds_writes(integer) IS 'Whether a mapping''s entries wait for a person.';

CREATE FUNCTION sffdw.lock_hold(mapping_id integer)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended(format('sffdw:hold:%s', mapping_id), 0));
$function$;

COMMENT ON FUNCTION sffdw.lock_hold(integer) IS
    'Have one session at a time decide whether a mapping''s entries are held, until its transaction ends.';

CREATE FUNCTION sffdw.weigh_writes(
    connection  sffdw.connection,
    mapping     sffdw.mapping,
    OUT release sffdw.write_release,
    OUT limits  sffdw.unsent_count,
    OUT reason  text
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unsent sffdw.unsent_count;
BEGIN
    release := sffdw.find_release(mapping.mapping_id);
    v_unsent := sffdw.count_unsent(connection, mapping, release);
    limits := sffdw.hold_limits(connection, mapping, v_unsent);
    reason := CASE
        WHEN release.is_discard THEN 'they are being discarded: polls bring back what Salesforce has'
        WHEN v_unsent.entry_count > limits.entry_count
            THEN format('%s changes are unsent, and more than %s at once are not believed', v_unsent.entry_count,
                        limits.entry_count)
        WHEN v_unsent.delete_count > limits.delete_count
            THEN format('%s DELETEs are unsent, and more than %s at once are not believed', v_unsent.delete_count,
                        limits.delete_count)
    END;
END
$function$;

COMMENT ON FUNCTION sffdw.weigh_writes(sffdw.connection, sffdw.mapping) IS
    'Say why a mapping''s unsent entries are to be held, by what was decided and how many they may be; NULL: they are '
    'not.';

CREATE FUNCTION sffdw.judge_writes(connection sffdw.connection, mapping sffdw.mapping)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_release sffdw.write_release := sffdw.find_release(mapping.mapping_id);
    v_is_held boolean;
    v_verdict record;
    v_count   bigint;
BEGIN
    IF v_release.mapping_id IS NOT NULL AND NOT v_release.is_discard THEN
        PERFORM sffdw.forget_release(connection, v_release);
    END IF;
    IF NOT sffdw.holds_writes(mapping.mapping_id)
    AND NOT sffdw.has_unsent_beyond(connection, mapping.table_name, sffdw.hold_floor(connection, mapping)) THEN
        RETURN;
    END IF;
    PERFORM sffdw.lock_hold(mapping.mapping_id);
    v_is_held := sffdw.holds_writes(mapping.mapping_id);
    v_verdict := sffdw.weigh_writes(connection, mapping);
    IF v_verdict.reason IS NULL THEN
        PERFORM sffdw.end_hold(mapping);
        RETURN;
    END IF;
    v_count := sffdw.enter_hold(connection, mapping, v_verdict.release, v_verdict.limits, v_verdict.reason);
    IF NOT v_is_held THEN
        PERFORM sffdw.tell_hold(mapping, v_count, v_verdict.reason);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_writes(sffdw.connection, sffdw.mapping) IS
    'Hold a mapping''s unsent entries if they are implausibly many and nobody has decided about them, or end the hold '
    'if they no longer are.';

CREATE FUNCTION sffdw.held_tables(connection_id integer)
RETURNS text[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array(
        SELECT m.table_name::text
        FROM sffdw.mapping m
        WHERE m.connection_id = held_tables.connection_id
        AND sffdw.holds_writes(m.mapping_id)
        ORDER BY m.table_name
    );
$function$;

COMMENT ON FUNCTION sffdw.held_tables(integer) IS
    'Return the tables whose entries wait for a person: none of them is sent.';

CREATE FUNCTION sffdw.hold_writes(connection sffdw.connection)
RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mapping sffdw.mapping;
    v_is_much boolean;
BEGIN
    -- Usually the whole log has too few unsent entries for any of its tables.
    v_is_much := sffdw.has_unsent_beyond(connection, NULL, (
        SELECT min(sffdw.hold_floor(connection, m)) FROM sffdw.mapping m
        WHERE m.connection_id = connection.connection_id));
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        LEFT JOIN LATERAL (
            SELECT min(h.counted_at) AS counted_at
            FROM sffdw.held_change h
            WHERE h.mapping_id = m.mapping_id
            AND h.direction = 'out'
        ) h ON true
        WHERE m.connection_id = connection.connection_id
        AND (h.counted_at IS NULL AND v_is_much
             -- What is held is counted anew now and then only.
             OR h.counted_at < clock_timestamp() - interval '10 seconds'
             OR EXISTS (SELECT FROM sffdw.write_release r WHERE r.mapping_id = m.mapping_id AND NOT r.is_discard))
        ORDER BY m.mapping_id
    LOOP
        PERFORM sffdw.judge_writes(connection, v_mapping);
    END LOOP;
    RETURN sffdw.held_tables(connection.connection_id);
END
$function$;

COMMENT ON FUNCTION sffdw.hold_writes(sffdw.connection) IS
    'Hold the unsent entries of each mapping that has implausibly many of them, and return the tables whose entries '
    'must not be sent now.';

CREATE FUNCTION sffdw.keep_sendable(connection sffdw.connection, entry_ids integer[])
RETURNS integer[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_held text[];
    v_ids  integer[];
BEGIN
    IF entry_ids IS NULL THEN
        RETURN NULL;
    END IF;
    -- In a statement after the one that chose them: whatever that one saw is counted here.
    v_held := sffdw.hold_writes(connection);
    IF v_held = '{}' THEN
        RETURN entry_ids;
    END IF;
    EXECUTE format($query$
        SELECT array_agg(l.id ORDER BY l.id)
        FROM %I._trigger_log l
        WHERE l.id = ANY ($1)
        AND l.table_name <> ALL ($2)
    $query$, connection.schema_name)
    INTO v_ids
    USING entry_ids, v_held;
    RETURN v_ids;
END
$function$;

COMMENT ON FUNCTION sffdw.keep_sendable(sffdw.connection, integer[]) IS
    'Return those of the entries, chosen by an earlier statement, whose tables hold nothing back: a mass of changes is '
    'held before the first of it leaves.';

CREATE FUNCTION sffdw.held_filter(connection sffdw.connection)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_held   CONSTANT text[] := sffdw.held_tables(connection.connection_id);
    v_tables text[];
BEGIN
    IF v_held = '{}' THEN
        RETURN 'true';
    END IF;
    -- From table to table along the index: a million held entries cost no more than one.
    EXECUTE format($query$
        WITH RECURSIVE unsent (table_name) AS (
            SELECT min(l.table_name) FROM %1$I._trigger_log l WHERE l.state = 'NEW'
            UNION ALL
            SELECT (SELECT min(l.table_name) FROM %1$I._trigger_log l
                    WHERE l.state = 'NEW' AND l.table_name > u.table_name)
            FROM unsent u
            WHERE u.table_name IS NOT NULL
        )
        SELECT coalesce(array_agg(u.table_name), '{}')
        FROM unsent u
        WHERE u.table_name <> ALL ($1)
    $query$, connection.schema_name)
    INTO v_tables
    USING v_held;
    RETURN format($condition$l.id = ANY (ARRAY(
        SELECT e.id FROM %1$I._trigger_log e WHERE e.state = 'PENDING'
        UNION ALL
        SELECT e.id FROM %1$I._trigger_log e WHERE e.state = 'NEW' AND e.table_name = ANY (%2$L::text[])
        ))$condition$, connection.schema_name, v_tables);
END
$function$;

COMMENT ON FUNCTION sffdw.held_filter(sffdw.connection) IS
    'Return the condition on entries (l) of the trigger log that those of tables which hold nothing back meet, and those '
    'in flight: what is held is not looked at.';

COMMIT;
