-- Deploy sffdw:functions/verify_page to pg
-- requires: functions/count_calls
-- requires: functions/load_page
-- requires: functions/merge_page
-- requires: tables/deferred_attempt
-- requires: tables/verification

BEGIN;

CREATE FUNCTION sffdw.read_ids(connection sffdw.connection, mapping sffdw.mapping, stage text, after_id text)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_filter text;
    v_stamp  text;
    v_count  integer;
BEGIN
    PERFORM sffdw.check_call_cap(connection, mapping);
    SELECT c.expression INTO v_stamp FROM sffdw.merge_columns(connection, mapping) c
    WHERE c.column_name = 'systemmodstamp';
    IF mapping.filter_expression IS NOT NULL AND NOT mapping.filter_changed THEN
        v_filter := sffdw.filter_soql(connection, mapping);
    END IF;
    EXECUTE format($query$
        INSERT INTO %1$s (_ordinal, _gone, _stamp, sfid%10$s)
        SELECT row_number() OVER (), %2$s OR (%3$s) IS NOT TRUE, %4$s, l.id%11$s
        FROM %5$s l
        WHERE l._scope = %12$L
        AND l._purpose = 'verify'
        AND l._mapping = %6$L
        AND l._after = %7$L
        AND l._page_size = %8$L
        %9$s
    $query$,
        stage, sffdw.live_expression(connection, mapping, 'isdeleted', 'coalesce(l.isdeleted, false)', 'false'),
        coalesce(mapping.filter_expression, 'true'),
        sffdw.live_expression(connection, mapping, 'systemmodstamp', 'l.systemmodstamp', 'NULL::timestamptz'),
        sffdw.live_table(connection, mapping), mapping.mapping_id::text, sffdw.keyset(NULL, after_id),
        sffdw.sync_setting(connection.options, 'page_size'), 'AND l._filter = ' || quote_literal(v_filter),
        CASE WHEN v_stamp IS NOT NULL THEN ', systemmodstamp' END, ', ' || v_stamp,
        sffdw.read_scope(connection, mapping));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.read_ids(sffdw.connection, sffdw.mapping, text, text) IS
    'Read the next page of Ids, with nothing but whether they are deleted and their stamps, into the stage; return '
    'their number.';

CREATE FUNCTION sffdw.judge_verification(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    is_full    boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table CONSTANT text := sffdw.mapped_table(connection, mapping);
    v_path  text;
BEGIN
    EXECUTE format($query$
        UPDATE %1$s s
        SET _verdict = CASE
                WHEN s._verdict IN ('skip', 'unsent') THEN 'pending'
                -- As in a poll, what Salesforce rejected stays although the row filter leaves its record out.
                WHEN s._gone AND %2$L::boolean AND EXISTS (
                    SELECT FROM %3$s t WHERE t.id = s._local_id AND t._hc_lastop = 'FAILED') THEN 'pending'
                WHEN s._gone AND s._local_id IS NOT NULL THEN 'extra'
                WHEN s._gone THEN 'none'
                WHEN s._local_id IS NULL THEN 'missing'
                WHEN cardinality(s._kept) > 0 THEN 'pending'
                ELSE 'same'
            END
    $query$, stage, mapping.filter_expression IS NOT NULL, v_table);
    FOR v_path IN SELECT p FROM sffdw.adoption_paths(connection, mapping) p LOOP
        EXECUTE format($query$
            UPDATE %1$s s
            SET _verdict = 'pending'
            WHERE s._verdict = 'missing'
            AND s.sfid IN (
                SELECT s.sfid
                FROM %1$s s
                %2$s
                WHERE t.sfid IS NULL
            )
        $query$, stage, v_path);
    END LOOP;
    IF is_full THEN
        EXECUTE format($query$
            UPDATE %1$s s
            SET _verdict = 'different'
            FROM %2$s t
            WHERE t.id = s._local_id
            AND (s._verdict = 'same' AND (%3$s) OR s._verdict = 'pending' AND NOT s._gone AND (%4$s))
        $query$, stage, v_table, sffdw.difference(connection, mapping, false),
            sffdw.difference(connection, mapping, true));
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_verification(sffdw.connection, sffdw.mapping, text, boolean) IS
    'Say of each staged record how it stands to the local table: same, missing, extra, different, pending (a local '
    'change is not sent yet) or none (it is on neither side). No row is locked.';

CREATE FUNCTION sffdw.judge_ids(
    connection  sffdw.connection,
    mapping     sffdw.mapping,
    stage       text,
    stale_since timestamptz
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- What is newer is the next poll's.
    v_before timestamptz := mapping.watermark_at
                            - make_interval(secs => sffdw.sync_setting(connection.options, 'overlap_s'));
BEGIN
    EXECUTE format('UPDATE %s SET _verdict = ''none'' WHERE _verdict IN (''missing'', ''extra'') AND _stamp >= $1', stage)
    USING v_before;
    IF EXISTS (
        SELECT FROM sffdw.merge_columns(connection, mapping) c WHERE c.column_name = 'systemmodstamp'
    ) THEN
        EXECUTE format($query$
            UPDATE %s s
            SET _verdict = 'different'
            FROM %s t
            WHERE t.id = s._local_id
            AND s._verdict = 'same'
            AND s.systemmodstamp > t.systemmodstamp
            AND s._stamp < $1
            AND s._stamp >= $2
        $query$, stage, sffdw.mapped_table(connection, mapping))
        USING v_before, coalesce(stale_since, '-infinity');
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.judge_ids(sffdw.connection, sffdw.mapping, text, timestamptz) IS
    'Where Ids and stamps alone were read: leave out what the next poll brings anyway, and mark as different the rows '
    'whose records have a newer stamp, unless an earlier verification saw that stamp.';

CREATE FUNCTION sffdw.note_verified(
    connection sffdw.connection,
    mapping    sffdw.mapping,
    stage      text,
    is_full    boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- That a stamp is newer, or an Id unknown, shows as drift only when the record has been read.
    EXECUTE format($query$
        INSERT INTO sffdw.drift_record AS d (mapping_id, sfid, kind, fields)
        SELECT $1, s.sfid, s._verdict, CASE s._verdict WHEN 'different' THEN %1$s END
        FROM %2$s s
        LEFT JOIN %3$s t ON t.id = s._local_id
        WHERE s._verdict = 'extra'
        OR $2 AND s._verdict IN ('missing', 'different')
        ON CONFLICT (mapping_id, sfid) WHERE repaired_at IS NULL DO UPDATE
        SET kind = excluded.kind,
            fields = excluded.fields
    $query$,
        CASE WHEN is_full THEN sffdw.different_fields(connection, mapping) ELSE 'NULL::text[]' END, stage,
        sffdw.mapped_table(connection, mapping))
    USING mapping.mapping_id, is_full;
    IF is_full THEN
        PERFORM sffdw.note_repairs(mapping, stage);
    END IF;
    EXECUTE format($query$
        DELETE FROM sffdw.gone_record g
        USING %s s
        WHERE g.mapping_id = $1
        AND g.sfid = s.sfid COLLATE "C"
        AND NOT s._gone
    $query$, stage)
    USING mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.note_verified(sffdw.connection, sffdw.mapping, text, boolean) IS
    'Note the drift that a page of a verification shows, and what is none any more; forget that records seen again '
    'were gone.';

CREATE FUNCTION sffdw.plan_repairs(mapping sffdw.mapping, stage text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids text[];
BEGIN
    EXECUTE format('SELECT array_agg(sfid) FROM %s WHERE _verdict = ''extra''', stage) INTO v_ids;
    PERFORM sffdw.add_gone(mapping.mapping_id, v_ids, 'compare');
    EXECUTE format($query$
        INSERT INTO sffdw.deferred_record (mapping_id, sfid, reason)
        SELECT $1, s.sfid, s._verdict
        FROM %s s
        WHERE s._verdict IN ('missing', 'different')
        ON CONFLICT (mapping_id, sfid) DO NOTHING
    $query$, stage)
    USING mapping.mapping_id;
END
$function$;

COMMENT ON FUNCTION sffdw.plan_repairs(sffdw.mapping, text) IS
    'Have what a page of a verification found read again by Id, and deleted where it is confirmed to be gone, by the '
    'steps that end a poll.';

CREATE FUNCTION sffdw.count_verified(
    connection   sffdw.connection,
    mapping      sffdw.mapping,
    stage        text,
    verification sffdw.verification
)
RETURNS sffdw.verification
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count record;
BEGIN
    EXECUTE format($query$
        SELECT count(*) FILTER (WHERE NOT _gone) AS org,
               count(_local_id) AS local,
               count(*) FILTER (WHERE _verdict = 'missing') AS missing,
               count(*) FILTER (WHERE _verdict = 'extra') AS extra,
               count(*) FILTER (WHERE _verdict = 'different') AS different,
               count(*) FILTER (WHERE _verdict = 'pending') AS pending
        FROM %s
    $query$, stage)
    INTO v_count;
    verification.org_count := verification.org_count + v_count.org;
    verification.local_count := verification.local_count + v_count.local;
    verification.missing_count := verification.missing_count + v_count.missing;
    verification.extra_count := verification.extra_count + v_count.extra;
    verification.different_count := verification.different_count + v_count.different;
    verification.pending_count := verification.pending_count + v_count.pending;
    RETURN verification;
END
$function$;

COMMENT ON FUNCTION sffdw.count_verified(sffdw.connection, sffdw.mapping, text, sffdw.verification) IS
    'Add a page''s counts to those of its verification.';

CREATE FUNCTION sffdw.begin_verification(mapping sffdw.mapping, is_full boolean)
RETURNS sffdw.verification
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_verification sffdw.verification;
BEGIN
    v_verification.mapping_id := mapping.mapping_id;
    v_verification.is_full := is_full;
    v_verification.started_at := clock_timestamp();
    v_verification.cursor_id := '';
    v_verification.run_id := sffdw.open_sync_run(mapping, 'verify');
    v_verification.look_count := 0;
    v_verification.org_count := 0;
    v_verification.local_count := 0;
    v_verification.missing_count := 0;
    v_verification.extra_count := 0;
    v_verification.different_count := 0;
    v_verification.pending_count := 0;
    RETURN v_verification;
END
$function$;

COMMENT ON FUNCTION sffdw.begin_verification(sffdw.mapping, boolean) IS
    'Return a verification that is about to begin, with its run; it is not stored yet.';

CREATE FUNCTION sffdw.finish_verification(
    connection   sffdw.connection,
    mapping      sffdw.mapping,
    verification sffdw.verification
)
RETURNS sffdw.verification
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unsent bigint;
    v_found  bigint := verification.missing_count + verification.extra_count + verification.different_count;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s t WHERE t.sfid IS NULL', sffdw.mapped_table(connection, mapping))
    INTO v_unsent;
    verification.local_count := verification.local_count + v_unsent;
    verification.pending_count := verification.pending_count + v_unsent;
    verification.ended_at := clock_timestamp();
    UPDATE sffdw.sync_run r
    SET ended_at = verification.ended_at, outcome = 'ok'
    WHERE r.run_id = verification.run_id;
    -- The steps of a poll hold the row while they read.
    UPDATE sffdw.mapping m
    SET org_count = verification.org_count, org_counted_at = verification.ended_at
    WHERE m.mapping_id = (
        SELECT l.mapping_id
        FROM sffdw.mapping l
        WHERE l.mapping_id = mapping.mapping_id
        FOR NO KEY UPDATE SKIP LOCKED
    );
    PERFORM sffdw.log_event(
        mapping.connection_id, CASE WHEN v_found = 0 THEN 'VERIFY OK' ELSE 'VERIFY FOUND DRIFT' END,
        format('%s records, %s rows: %s missing, %s extra, %s different, %s pending', verification.org_count,
               verification.local_count, verification.missing_count, verification.extra_count,
               verification.different_count, verification.pending_count),
        CASE WHEN v_found = 0 THEN 'INFO' ELSE 'WARNING' END, mapping.object_name, verification.org_count,
        (extract(epoch FROM verification.ended_at - verification.started_at) * 1000)::bigint);
    RETURN verification;
END
$function$;

COMMENT ON FUNCTION sffdw.finish_verification(sffdw.connection, sffdw.mapping, sffdw.verification) IS
    'End a verification and its run, and log what it found.';

CREATE FUNCTION sffdw.charge_verification(
    connection   sffdw.connection,
    run_id       bigint,
    calls_before bigint,
    bytes_before bigint
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now record := sffdw.own_calls(connection);
BEGIN
    UPDATE sffdw.sync_run r
    SET call_count = r.call_count + v_now.call_count - calls_before,
        byte_count = r.byte_count + v_now.byte_count - bytes_before
    WHERE r.run_id = charge_verification.run_id;
END
$function$;

COMMENT ON FUNCTION sffdw.charge_verification(sffdw.connection, bigint, bigint, bigint) IS
    'Add to a verification''s run what this session has spent since.';

CREATE FUNCTION sffdw.verify_page(
    connection   sffdw.connection,
    mapping      sffdw.mapping,
    verification sffdw.verification,
    repair       boolean
)
RETURNS sffdw.verification
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_read_at timestamptz := clock_timestamp();
    v_stage   text := sffdw.open_stage(connection, mapping);
    v_count   integer := CASE
        WHEN verification.is_full THEN sffdw.read_page(
            connection, mapping, v_stage, 'verify', sffdw.keyset(NULL, verification.cursor_id))
        ELSE sffdw.read_ids(connection, mapping, v_stage, verification.cursor_id)
    END;
    v_is_last boolean := v_count < sffdw.sync_setting(connection.options, 'page_size');
    v_last    text := sffdw.last_record_id(v_stage);
BEGIN
    PERFORM sffdw.stage_missing(connection, mapping, v_stage, verification.cursor_id,
                                CASE WHEN NOT v_is_last THEN v_last END);
    EXECUTE format('UPDATE %s s SET _local_id = t.id FROM %s t WHERE t.sfid = s.sfid', v_stage,
                   sffdw.mapped_table(connection, mapping));
    PERFORM sffdw.protect_stage(connection, mapping, v_stage, v_read_at);
    PERFORM sffdw.judge_verification(connection, mapping, v_stage, verification.is_full);
    IF NOT verification.is_full THEN
        PERFORM sffdw.judge_ids(connection, mapping, v_stage, verification.stale_since);
    END IF;
    PERFORM sffdw.note_verified(connection, mapping, v_stage, verification.is_full);
    IF repair THEN
        PERFORM sffdw.plan_repairs(mapping, v_stage);
    END IF;
    verification := sffdw.count_verified(connection, mapping, v_stage, verification);
    verification.cursor_id := coalesce(v_last, verification.cursor_id);
    PERFORM sffdw.count_sync_run(verification.run_id, v_count, (0, 0, 0, 0, 0));
    IF v_is_last THEN
        verification := sffdw.finish_verification(connection, mapping, verification);
    END IF;
    RETURN verification;
END
$function$;

COMMENT ON FUNCTION sffdw.verify_page(sffdw.connection, sffdw.mapping, sffdw.verification, boolean) IS
    'Compare the next page of records, by Id, with the rows of that range, and return how the verification stands. '
    'repair: what was found is set aside for the steps that end a poll.';

COMMIT;
