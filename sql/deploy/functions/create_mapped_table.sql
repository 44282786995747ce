-- Deploy sffdw:functions/create_mapped_table to pg
-- requires: functions/describe_fields

BEGIN;

CREATE FUNCTION sffdw.mapped_columns(fields sffdw.described_field[], sfid_collation text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(string_agg(format('%I %s, ', f.column_name, f.pg_type), ''), '')
           || format('sfid varchar(18) %s, id serial PRIMARY KEY, _hc_lastop varchar(32), _hc_err text', sfid_collation)
    FROM unnest(fields) f
    WHERE f.column_name <> 'sfid';
$function$;

COMMENT ON FUNCTION sffdw.mapped_columns(sffdw.described_field[], text) IS
    'Return the column list of a mapped table, as CREATE TABLE wants it.';

CREATE FUNCTION sffdw.check_table_shape(wanted regclass, existing regclass)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_misfits text;
    v_owner   name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = existing);
BEGIN
    IF v_owner <> current_user THEN
        RAISE EXCEPTION 'table % belongs to role "%"', existing, v_owner
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Its owner''s triggers would run as the owner of the connection.',
                  HINT = format('Run ALTER TABLE %s OWNER TO %I after a look at its triggers, or drop it.', existing,
                                current_user);
    END IF;
    SELECT string_agg(
        CASE
            WHEN e.attname IS NULL THEN format('column "%s" is missing', w.attname)
            ELSE format('column "%s" is %s instead of %s', w.attname, format_type(e.atttypid, e.atttypmod),
                        format_type(w.atttypid, w.atttypmod))
        END, '; ' ORDER BY w.attnum)
    INTO v_misfits
    FROM pg_attribute w
    LEFT JOIN pg_attribute e ON e.attrelid = existing AND e.attname = w.attname AND NOT e.attisdropped
    WHERE w.attrelid = wanted
    AND w.attnum > 0
    AND (e.attname IS NULL
         OR (e.atttypid, e.atttypmod) <> (w.atttypid, w.atttypmod)
         OR w.attname = 'id' AND NOT (e.attnotnull AND (e.atthasdef OR e.attidentity <> '')));
    IF v_misfits IS NOT NULL THEN
        RAISE EXCEPTION 'table % exists and does not fit the mapping', existing
            USING ERRCODE = 'duplicate_table',
                  DETAIL = upper(left(v_misfits, 1)) || substr(v_misfits, 2) || '.',
                  HINT = 'Rename or drop it, or map fields that fit it: it is never overwritten.';
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.check_table_shape(regclass, regclass) IS
    'Stop unless the existing table has every column of the wanted one, of the same type, and belongs to '
    'the current role. Raises duplicate_table, insufficient_privilege.';

CREATE FUNCTION sffdw.skip_logged_ids(schema_name name, table_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format($query$
        SELECT setval(pg_get_serial_sequence(%2$L, 'id'), max(l.record_id))
        FROM (TABLE %1$I._trigger_log UNION ALL TABLE %1$I._trigger_log_archive) l
        WHERE l.table_name = $1
        HAVING max(l.record_id) > 0
    $query$, schema_name, format('%I.%I', schema_name, table_name))
    USING table_name;
END
$function$;

COMMENT ON FUNCTION sffdw.skip_logged_ids(name, name) IS
    'Have the ids of a new table begin behind those that the trigger log and its archive know of a table of that name: '
    'what was captured there is not about the rows of this one.';

CREATE FUNCTION sffdw.create_mapped_table(
    schema_name name,
    table_name  name,
    fields      sffdw.described_field[],
    options     jsonb
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_existing regclass := to_regclass(format('%I.%I', schema_name, table_name));
    v_columns  text := sffdw.mapped_columns(fields, CASE
        WHEN (options ->> 'ucs_basic_collation_index')::boolean THEN 'COLLATE pg_catalog."ucs_basic"'
        ELSE ''
    END);
BEGIN
    IF v_existing IS NULL THEN
        -- Every row is updated again when its result comes back: room on the page keeps that update cheap.
        EXECUTE format('CREATE TABLE %I.%I (%s) WITH (fillfactor = 85)', schema_name, table_name, v_columns);
        PERFORM sffdw.skip_logged_ids(schema_name, table_name);
        RETURN true;
    END IF;
    EXECUTE format('CREATE TEMPORARY TABLE sffdw_wanted (%s)', v_columns);
    PERFORM sffdw.check_table_shape('pg_temp.sffdw_wanted'::regclass, v_existing);
    DROP TABLE pg_temp.sffdw_wanted;
    RETURN false;
END
$function$;

COMMENT ON FUNCTION sffdw.create_mapped_table(name, name, sffdw.described_field[], jsonb) IS
    'Create a mapped table by the contract and return true; or, if a table of that name exists and fits, leave it '
    'as it is and return false. Raises duplicate_table, insufficient_privilege.';

COMMIT;
