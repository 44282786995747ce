-- Deploy sffdw:functions/match_stage to pg
-- requires: functions/open_stage

BEGIN;

CREATE FUNCTION sffdw.lock_matches(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
    v_lock  record;
BEGIN
    -- Waiting for an app's lock could deadlock with it, with the app as the victim: what is locked is left for later.
    FOR v_lock IN VALUES (true, 'UPDATE'), (false, 'NO KEY UPDATE') LOOP
        EXECUTE format($query$
            UPDATE %1$s s
            SET _local_id = h.id,
                _held = true
            FROM (
                SELECT t.id, t.sfid
                FROM %2$s t
                WHERE t.sfid IN (SELECT g.sfid FROM %1$s g WHERE g._gone = %3$L)
                ORDER BY t.id
                FOR %4$s OF t SKIP LOCKED
            ) h
            WHERE s.sfid = h.sfid
        $query$, stage, v_table, v_lock.column1, v_lock.column2);
    END LOOP;
    EXECUTE format($query$
        UPDATE %1$s s
        SET _local_id = t.id,
            _verdict = 'locked'
        FROM %2$s t
        WHERE t.sfid = s.sfid
        AND NOT s._held
    $query$, stage, v_table);
END
$function$;

COMMENT ON FUNCTION sffdw.lock_matches(sffdw.connection, sffdw.mapping, text) IS
    'Lock the local rows of the staged records, each statement in the order of id and without waiting; mark those '
    'that another session holds.';

CREATE FUNCTION sffdw.adoption_paths(connection sffdw.connection, mapping sffdw.mapping)
RETURNS SETOF text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format($join$
        JOIN %I._trigger_log g
            ON g.table_name = %L AND g.action = 'INSERT' AND g.state IN ('PENDING', 'SUCCESS')
            AND g.sfid COLLATE "C" = s.sfid
        JOIN %s t ON t.id = g.record_id
    $join$, connection.schema_name, mapping.table_name, sffdw.mapped_table(connection, mapping))
    UNION ALL
    SELECT format('JOIN %1$s t ON t.%2$I = s.%2$I', sffdw.mapped_table(connection, mapping), f.column_name)
    FROM sffdw.mapping_field f
    JOIN sffdw.merge_columns(connection, mapping) c ON c.column_name = f.column_name
    WHERE f.mapping_id = mapping.mapping_id
    AND f.field_name = mapping.unique_identifier;
$function$;

COMMENT ON FUNCTION sffdw.adoption_paths(sffdw.connection, sffdw.mapping) IS
    'Return the joins by which a staged record (s) finds the local row (t) that it is, before that row has an sfid: '
    'the log first, which may know the sfid of a row''s INSERT before the row does, then the unique identifier.';

CREATE FUNCTION sffdw.adopt_rows(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_path text;
BEGIN
    FOR v_path IN SELECT p FROM sffdw.adoption_paths(connection, mapping) p LOOP
        EXECUTE format($query$
            WITH candidate AS MATERIALIZED (
                SELECT t.id, s.sfid
                FROM %1$s s
                %2$s
                WHERE t.sfid IS NULL
                AND s._local_id IS NULL
                AND s._verdict IS NULL
                AND NOT s._gone
            ), held AS MATERIALIZED (
                SELECT t.id
                FROM %3$s t
                WHERE t.id IN (SELECT c.id FROM candidate c)
                AND t.sfid IS NULL
                ORDER BY t.id
                FOR UPDATE OF t SKIP LOCKED
            )
            UPDATE %1$s s
            SET _local_id = c.id,
                _held = h.id IS NOT NULL,
                _verdict = CASE WHEN h.id IS NULL THEN 'locked' END
            FROM candidate c
            LEFT JOIN held h ON h.id = c.id
            WHERE s.sfid = c.sfid
        $query$, stage, v_path, sffdw.mapped_table(connection, mapping));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.adopt_rows(sffdw.connection, sffdw.mapping, text) IS
    'Match staged records with local rows that have no sfid yet, and lock those without waiting.';

CREATE FUNCTION sffdw.match_stage(connection sffdw.connection, mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- A record that changed while pages were read may come twice: the later one counts.
    EXECUTE format($query$
        DELETE FROM %1$s a
        USING %1$s b
        WHERE a.sfid = b.sfid
        AND (coalesce(a._stamp, '-infinity'), a._ordinal) < (coalesce(b._stamp, '-infinity'), b._ordinal)
    $query$, stage);
    PERFORM sffdw.lock_matches(connection, mapping, stage);
    -- A row gets its sfid together with everything else that is known of its record.
    IF mapping.narrowed_to IS NULL THEN
        PERFORM sffdw.adopt_rows(connection, mapping, stage);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.match_stage(sffdw.connection, sffdw.mapping, text) IS
    'Find and lock the local row of each staged record. Must run in a statement before the log is read: a local '
    'change committed before the lock is in the log then, and none can come after it.';

COMMIT;
