-- Deploy sffdw:functions/write_back to pg
-- requires: schema

BEGIN;

CREATE TYPE sffdw.row_result AS (
    entry_id  integer,
    record_id integer,
    sfid      text,
    lastop    text,
    error     text
);

COMMENT ON TYPE sffdw.row_result IS
    'What becomes of a local row after its write: a new sfid, if any, and its _hc_lastop and _hc_err.';

CREATE FUNCTION sffdw.write_results(
    run_search_path text,
    mapped_table    text,
    results         sffdw.row_result[],
    is_own          boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
-- No search_path of its own, and xmlbinary before each statement: the app's triggers run in here, as in merge_chunk. The
-- caller's own setting of xmlbinary has it end with the caller.
AS $function$
DECLARE
    v_path      CONSTANT text := pg_catalog.current_setting('search_path');
    v_statement text;
BEGIN
    -- pg_temp last: what is not named is searched first, and triggers run here as the owner would find an app's tables.
    PERFORM pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', run_search_path, 'pg_temp'), true);
    FOREACH v_statement IN ARRAY ARRAY[
        -- A poll has brought the record in as a row of its own before its sfid was known: the app's row stays.
        'DELETE FROM %s t USING pg_catalog.unnest($1) r WHERE t.sfid OPERATOR(pg_catalog.=) r.sfid '
        'AND t.id OPERATOR(pg_catalog.<>) r.record_id',
        -- The status trigger takes an unchanged _hc_lastop for a change that came from Salesforce.
        'UPDATE %s t SET _hc_lastop = ''PENDING'' FROM pg_catalog.unnest($1) r '
        'WHERE t.id OPERATOR(pg_catalog.=) r.record_id AND t._hc_lastop OPERATOR(pg_catalog.=) r.lastop',
        'UPDATE %s t SET sfid = coalesce(r.sfid, t.sfid), _hc_lastop = r.lastop, _hc_err = r.error '
        'FROM pg_catalog.unnest($1) r WHERE t.id OPERATOR(pg_catalog.=) r.record_id'
    ] LOOP
        SET LOCAL xmlbinary = 'hex';
        EXECUTE pg_catalog.format(v_statement, mapped_table) USING results;
    END LOOP;
    SET LOCAL xmlbinary = 'hex';
    IF is_own THEN
        SET CONSTRAINTS ALL IMMEDIATE;
    END IF;
    PERFORM pg_catalog.set_config('search_path', v_path, true);
END
$function$;

COMMENT ON FUNCTION sffdw.write_results(text, text, sffdw.row_result[], boolean) IS
    'Write results of writes to rows of a mapped table, for a function that sets xmlbinary itself; is_own: the '
    'transaction is the synchronisation''s own, and its constraints are checked at once. Raises whatever the table, its '
    'constraints and its triggers raise.';

CREATE FUNCTION sffdw.write_back(run_search_path text, mapped_table text, results sffdw.row_result[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET xmlbinary = 'hex'
SET lock_timeout = '2s'
AS $function$
BEGIN
    PERFORM sffdw.write_results(run_search_path, mapped_table, results, true);
END
$function$;

COMMENT ON FUNCTION sffdw.write_back(text, text, sffdw.row_result[]) IS
    'Write results of writes to rows of a mapped table, which the caller has locked. Raises whatever the table, its '
    'constraints and its triggers raise.';

CREATE FUNCTION sffdw.write_back_within(run_search_path text, mapped_table text, results sffdw.row_result[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET xmlbinary = 'hex'
AS $function$
BEGIN
    FOR v_attempt IN 1..3 LOOP
        BEGIN
            PERFORM sffdw.write_results(run_search_path, mapped_table, results, false);
            RETURN;
        EXCEPTION WHEN unique_violation THEN
            -- A poll that was not yet committed has brought the record in; now its row is seen.
            IF v_attempt = 3 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.write_back_within(text, text, sffdw.row_result[]) IS
    'Write results back inside an app''s transaction, whose rows they are: its deferred constraints stay deferred, and '
    'its settings decide how long a lock is waited for. Raises as write_back.';

COMMIT;
