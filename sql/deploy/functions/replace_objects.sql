-- Deploy sffdw:functions/replace_objects to pg
-- requires: functions/adopt_settings
-- requires: functions/fit_name
-- requires: tables/replaced_object

BEGIN;

CREATE FUNCTION sffdw.is_own_function(function_id oid)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Every function that we make has its search_path pinned or its operators spelled out.
    SELECT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))
        OR p.prosrc LIKE '%OPERATOR(pg_catalog.%'
    FROM pg_proc p
    WHERE p.oid = function_id;
$function$;

COMMENT ON FUNCTION sffdw.is_own_function(oid) IS
    'Whether a function of a schema that we kept in step is one that we made.';

CREATE FUNCTION sffdw.remember_objects(
    connection sffdw.connection,
    table_name name,
    functions  name[],
    triggers   name[]
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema CONSTANT oid := quote_ident(connection.schema_name)::regnamespace;
    v_before CONSTANT integer := (
        SELECT coalesce(max(r.position), 0)
        FROM sffdw.replaced_object r
        WHERE r.connection_id = connection.connection_id);
    -- What was left by a connection of ours is no one else's: it is dropped with this one.
    v_is_own CONSTANT boolean := sffdw.is_own_schema(connection.schema_name);
    v_count  integer;
BEGIN
    INSERT INTO sffdw.replaced_object (
        connection_id, position, kind, object_name, table_name, definition, description, enabled, privileges)
    SELECT connection.connection_id, v_before + row_number() OVER (ORDER BY o.kind, o.object_name),
           o.kind, o.object_name, remember_objects.table_name, o.definition, o.description, o.enabled, o.privileges
    FROM (
        SELECT 'function' AS kind, p.proname AS object_name, pg_get_functiondef(p.oid) AS definition,
               obj_description(p.oid, 'pg_proc') AS description, NULL::"char" AS enabled, p.proacl AS privileges,
               sffdw.is_own_function(p.oid) AS is_own_kind
        FROM pg_proc p
        WHERE p.pronamespace = v_schema
        AND p.proname = ANY (functions)
        UNION ALL
        SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger'), t.tgenabled, NULL,
               sffdw.is_own_function(t.tgfoid)
        FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = v_schema
        AND c.relname = remember_objects.table_name
        AND t.tgname = ANY (triggers)
    ) o
    WHERE NOT (v_is_own AND o.is_own_kind);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$function$;

COMMENT ON FUNCTION sffdw.remember_objects(sffdw.connection, name, name[], name[]) IS
    'Note functions of a connection''s schema and triggers of one of its tables as they are, before ours take their '
    'place; what a connection of ours made is left out. Return how many there were.';

CREATE FUNCTION sffdw.restore_privileges(connection sffdw.connection, replaced sffdw.replaced_object)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_function oid;
    v_grant    record;
BEGIN
    SELECT p.oid
    INTO STRICT v_function
    FROM pg_proc p
    WHERE p.pronamespace = quote_ident(connection.schema_name)::regnamespace
    AND p.proname = replaced.object_name;
    IF replaced.description IS NOT NULL THEN
        EXECUTE format('COMMENT ON FUNCTION %s IS %L', v_function::regprocedure, replaced.description);
    END IF;
    IF replaced.privileges IS NOT NULL THEN
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function::regprocedure);
        FOR v_grant IN
            SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee, a.is_grantable
            FROM aclexplode(replaced.privileges) a
            LEFT JOIN pg_roles r ON r.oid = a.grantee
            WHERE a.grantee = 0 OR r.rolname <> current_user
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s %s', v_function::regprocedure, v_grant.grantee,
                           CASE WHEN v_grant.is_grantable THEN 'WITH GRANT OPTION' END);
        END LOOP;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.restore_privileges(sffdw.connection, sffdw.replaced_object) IS
    'Give a function that was put back its comment and its privileges.';

CREATE FUNCTION sffdw.restore_objects(connection sffdw.connection)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_replaced sffdw.replaced_object;
    v_table    text;
BEGIN
    FOR v_replaced IN
        SELECT r.*
        FROM sffdw.replaced_object r
        WHERE r.connection_id = connection.connection_id
        ORDER BY r.kind, r.position
    LOOP
        v_table := format('%I.%I', connection.schema_name, v_replaced.table_name);
        CONTINUE WHEN v_replaced.table_name IS NOT NULL AND to_regclass(v_table) IS NULL;
        IF v_replaced.kind = 'function' THEN
            EXECUTE v_replaced.definition;
            PERFORM sffdw.restore_privileges(connection, v_replaced);
            CONTINUE;
        END IF;
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', v_replaced.object_name, v_table);
        EXECUTE v_replaced.definition;
        IF v_replaced.description IS NOT NULL THEN
            EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', v_replaced.object_name, v_table,
                           v_replaced.description);
        END IF;
        EXECUTE format('ALTER TABLE %s %s TRIGGER %I', v_table, CASE v_replaced.enabled
            WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE'
        END, v_replaced.object_name);
    END LOOP;
END
$function$;

COMMENT ON FUNCTION sffdw.restore_objects(sffdw.connection) IS
    'Put back what ours took the place of when a schema was adopted, as it was. What belonged to tables that are gone '
    'is left out.';

COMMIT;
