-- Deploy sffdw:functions/open_stage to pg
-- requires: functions/merge_columns

BEGIN;

CREATE FUNCTION sffdw.open_stage(connection sffdw.connection, mapping sffdw.mapping)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text;
    v_stage   text;
BEGIN
    SELECT string_agg(format('%I %s', c.column_name, c.stage_type), ', ')
    INTO STRICT v_columns
    FROM sffdw.merge_columns(connection, mapping) c;
    v_stage := format('pg_temp.sffdw_stage_%s_%s', mapping.mapping_id, left(md5(v_columns), 8));
    IF to_regclass(v_stage) IS NULL THEN
        -- No Salesforce name begins with an underscore.
        EXECUTE format($ddl$
            CREATE TEMPORARY TABLE %s (
                _ordinal  bigint,
                _gone     boolean NOT NULL DEFAULT false,
                _leaves   boolean NOT NULL DEFAULT false,
                _stamp    timestamptz,
                _creator  text,
                _local_id integer,
                _old_id   integer,
                _held     boolean NOT NULL DEFAULT false,
                _verdict  text,
                _kept     text[],
                _clears   text[] NOT NULL DEFAULT '{}',
                _error    text,
                %s
            )
            ON COMMIT DELETE ROWS
        $ddl$, v_stage, v_columns);
    ELSE
        EXECUTE format('DELETE FROM %s', v_stage);
    END IF;
    RETURN v_stage;
END
$function$;

COMMENT ON FUNCTION sffdw.open_stage(sffdw.connection, sffdw.mapping) IS
    'Return the name of an empty temporary table for one page of a mapping, made once a session: the mapped columns, '
    'and about each record: its place in the page, whether it is gone, be it only out of the row filter, its SystemModstamp and creator; the local row '
    'and whether it is locked, or the id that the row had which is to come back; what to do with it (insert, update, delete, same, skip; or locked, unsent, refused to '
    'defer it, with the error), the columns that keep their local value, and those to be emptied before others take '
    'their values.';

COMMIT;
