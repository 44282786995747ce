-- Deploy sffdw:functions/describe_object to pg
-- requires: tables/connection

BEGIN;

CREATE FUNCTION sffdw.describe_object(
    connection      sffdw.connection,
    object_name     text,
    OUT object      text,
    OUT replicateable boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_queryable boolean;
BEGIN
    EXECUTE format('SELECT o.object_name, o.replicateable, o.queryable FROM %I._objects o '
                   'WHERE lower(o.object_name) = lower($1)', connection.live_schema_name)
    INTO object, replicateable, v_queryable
    USING object_name;
    IF object IS NULL THEN
        RAISE EXCEPTION 'object "%" does not exist in the org', object_name
            USING ERRCODE = 'SF007',
                  HINT = format('SELECT object_name FROM %I._objects lists the objects that the Salesforce user may '
                                'see.',
                                connection.live_schema_name);
    ELSIF NOT v_queryable THEN
        RAISE EXCEPTION 'object "%" cannot be queried', object
            USING ERRCODE = 'feature_not_supported',
                  HINT = format('Objects that can be mapped: SELECT object_name FROM %I._objects WHERE queryable.',
                                connection.live_schema_name);
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.describe_object(sffdw.connection, text) IS
    'Return an object''s name as Salesforce spells it, and whether getDeleted knows it. '
    'Raises SF007, feature_not_supported.';

COMMIT;
