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

CREATE FUNCTION sffdw.write_back(run_search_path text, mapped_table text, results sffdw.row_result[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
-- No search_path of its own, and xmlbinary before each statement: the app's triggers run in here, as in merge_chunk.
SET xmlbinary = 'hex'
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_path      CONSTANT text := pg_catalog.current_setting('search_path');
    v_statement text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', run_search_path, true);
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
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM pg_catalog.set_config('search_path', v_path, true);
END
$function$;

COMMENT ON FUNCTION sffdw.write_back(text, text, sffdw.row_result[]) IS
    'Write results of writes to rows of a mapped table, which the caller has locked. Raises whatever the table, its '
    'constraints and its triggers raise.';

COMMIT;
