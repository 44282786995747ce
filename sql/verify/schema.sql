-- Verify sffdw:schema on pg

BEGIN;

DO $do$
BEGIN
    ASSERT pg_catalog.has_schema_privilege('public', 'sffdw', 'USAGE'), 'everyone may use schema sffdw';
    ASSERT NOT pg_catalog.has_schema_privilege('public', 'sffdw', 'CREATE'), 'no one else may create in it';
END
$do$;

ROLLBACK;
