-- Deploy sffdw:functions/check_old_writer to pg
-- requires: functions/adopt_settings

BEGIN;

CREATE FUNCTION sffdw.check_old_writer(schema_name name, confirm_pending boolean)
RETURNS sffdw.finding[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_log      record;
    v_findings sffdw.finding[] := '{}';
BEGIN
    -- Logs may be long: what is open is found by its state, and what was processed last by its id, which ascends with
    -- the time.
    EXECUTE format($query$
        SELECT count(*) FILTER (WHERE l.state = 'PENDING') AS pending_count,
               (array_agg(l.id ORDER BY l.id) FILTER (WHERE l.state = 'PENDING'))[:20] AS pending_ids,
               count(*) FILTER (WHERE l.state = 'NEW') AS new_count,
               count(*) FILTER (WHERE l.state = 'FAILED') AS failed_count,
               (SELECT max(p.processed_at) FROM (%2$s) p) AS processed_at
        FROM %1$I._trigger_log l
        WHERE l.state IN ('PENDING', 'NEW', 'FAILED')
    $query$, schema_name, (
        -- Each state for itself and by its name: a state that is rare is then found by the index.
        SELECT string_agg(format('(SELECT l.processed_at FROM %I.%I l WHERE %s ORDER BY l.id DESC LIMIT 1000)',
                                 schema_name, s.log_name, s.condition), ' UNION ALL ')
        FROM (
            SELECT '_trigger_log', format('l.state = %L', e.state)
            FROM unnest('{SUCCESS,MERGED,IGNORED,FAILED}'::text[]) e (state)
            UNION ALL
            SELECT '_trigger_log_archive', 'true'
        ) AS s (log_name, condition)))
    INTO v_log;
    IF v_log.processed_at > clock_timestamp() - interval '10 minutes' THEN
        v_findings := v_findings || ROW(
            'error', 'OLD_WRITER', NULL, format('an entry of the trigger log was processed at %s', v_log.processed_at),
            'The old writer may still be at work: stop it and wait ten minutes.')::sffdw.finding;
    END IF;
    IF v_log.pending_count > 0 THEN
        v_findings := v_findings || ROW(
            CASE WHEN confirm_pending THEN 'warning' ELSE 'error' END, 'PENDING_ENTRIES', NULL,
            format('%s entries of the trigger log are PENDING: %s%s', v_log.pending_count,
                   array_to_string(v_log.pending_ids, ', '), CASE WHEN v_log.pending_count > 20 THEN ', …' END),
            CASE
                WHEN confirm_pending THEN 'They are settled by asking Salesforce before anything is sent again.'
                ELSE 'If the old writer is gone for good, pass confirm_pending => true: they are settled by asking '
                     'Salesforce.'
            END)::sffdw.finding;
    END IF;
    RETURN v_findings || ROW(
        'pass', 'TRIGGER_LOG', NULL, format('%s entries wait to be sent, %s are FAILED', v_log.new_count,
                                            v_log.failed_count), NULL)::sffdw.finding;
END
$function$;

COMMENT ON FUNCTION sffdw.check_old_writer(name, boolean) IS
    'Look in a trigger log for signs that another writer is still at work, and for what it left PENDING.';

COMMIT;
