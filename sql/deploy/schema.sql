-- Deploy sffdw:schema to pg

BEGIN;

-- The two ways of installing exclude each other, and both need the same two extensions. While CREATE EXTENSION runs,
-- the extension's own row exists already but its schema does not: so the schema is what tells the cases apart.
DO $do$
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND d.objid = pg_catalog.to_regnamespace('sffdw')
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        AND d.deptype = 'e'
        AND e.extname = 'sffdw'
    ) THEN
        RAISE EXCEPTION 'sffdw is already installed as an extension'
            USING ERRCODE = 'duplicate_object',
                  HINT = 'Upgrade it with ALTER EXTENSION sffdw UPDATE; to change to Sqitch, drop the extension first.';
    ELSIF pg_catalog.to_regnamespace('sffdw') IS NOT NULL THEN
        RAISE EXCEPTION 'schema "sffdw" already exists'
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'If Sqitch deployed it, upgrade with "sqitch deploy", or run "sqitch revert" before '
                         'CREATE EXTENSION; else rename or drop it.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'hstore') THEN
        RAISE EXCEPTION 'extension "hstore" is not installed'
            USING ERRCODE = 'undefined_object', HINT = 'Run CREATE EXTENSION hstore first.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwname = 'multicorn') THEN
        RAISE EXCEPTION 'foreign-data wrapper "multicorn" is not installed'
            USING ERRCODE = 'undefined_object', HINT = 'Run CREATE EXTENSION multicorn first.';
    END IF;
END
$do$;

CREATE SCHEMA sffdw;

COMMENT ON SCHEMA sffdw IS
    'Salesforce in PostgreSQL: connections, mappings, their state, and the routines that keep both sides equal.';

-- Everyone may look in and call: what a role may do to a connection follows from who owns it (row-level security on
-- every table, and the connection''s owner role on what the routines touch).
GRANT USAGE ON SCHEMA sffdw TO PUBLIC;

COMMIT;
