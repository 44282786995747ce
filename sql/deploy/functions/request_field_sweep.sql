-- Deploy sffdw:functions/request_field_sweep to pg
-- requires: functions/find_connection
-- requires: functions/find_mapping
-- requires: functions/require_owner
-- requires: tables/field_sweep
-- requires: tables/mapping_field

BEGIN;

CREATE FUNCTION sffdw.request_field_sweep(mapping_id integer, purpose text, columns name[])
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- One that is under way begins anew with what it was asked for before.
    INSERT INTO sffdw.field_sweep AS s (mapping_id, purpose, columns)
    SELECT request_field_sweep.mapping_id, request_field_sweep.purpose, request_field_sweep.columns
    WHERE cardinality(request_field_sweep.columns) > 0
    ON CONFLICT ON CONSTRAINT field_sweep_pkey DO UPDATE
    SET columns = array(SELECT DISTINCT u FROM unnest(s.columns || excluded.columns) u ORDER BY u),
        cursor_id = '',
        row_count = 0,
        requested_at = excluded.requested_at;
$function$;

COMMENT ON FUNCTION sffdw.request_field_sweep(integer, text, name[]) IS
    'Have these columns of a mapping read again for all records, page by page between its polls.';

CREATE FUNCTION sffdw.has_field_sweep(mapping_id integer, purpose text DEFAULT NULL)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT
        FROM sffdw.field_sweep s
        WHERE s.mapping_id = has_field_sweep.mapping_id
        AND s.purpose = coalesce(has_field_sweep.purpose, s.purpose)
    );
$function$;

COMMENT ON FUNCTION sffdw.has_field_sweep(integer, text) IS
    'Whether columns of a mapping are being read again, for that purpose or for any.';

CREATE FUNCTION sffdw.calculated_columns(mapping_id integer)
RETURNS name[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(array_agg(f.column_name ORDER BY f.column_name), '{}')
    FROM sffdw.mapping_field f
    WHERE f.mapping_id = calculated_columns.mapping_id
    AND f.is_calculated;
$function$;

COMMENT ON FUNCTION sffdw.calculated_columns(integer) IS 'Return the mapped columns that are formulas or roll-ups.';

CREATE FUNCTION sffdw.refresh_fields(object_name text DEFAULT NULL, connection_name text DEFAULT 'salesforce')
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_connection sffdw.connection := sffdw.find_connection(connection_name);
    v_mapping    sffdw.mapping;
    v_columns    name[];
    v_count      bigint := 0;
BEGIN
    PERFORM sffdw.require_owner(v_connection);
    IF object_name IS NOT NULL THEN
        PERFORM sffdw.find_mapping(v_connection.connection_id, object_name);
    END IF;
    FOR v_mapping IN
        SELECT m.*
        FROM sffdw.mapping m
        WHERE m.connection_id = v_connection.connection_id
        AND (refresh_fields.object_name IS NULL OR lower(m.object_name) = lower(refresh_fields.object_name))
        ORDER BY m.mapping_id
    LOOP
        v_columns := sffdw.calculated_columns(v_mapping.mapping_id);
        PERFORM sffdw.request_field_sweep(v_mapping.mapping_id, 'formula', v_columns);
        v_count := v_count + cardinality(v_columns);
    END LOOP;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.refresh_fields(text, text) IS
    'Have the next polls read the formulas and roll-ups of one object, or of all, again, and return how many columns '
    'that are. Only Id and those fields are read. Raises insufficient_privilege, undefined_object.';

COMMIT;
