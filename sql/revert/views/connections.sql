-- Revert sffdw:views/connections from pg

BEGIN;

DROP VIEW sffdw.connections;

COMMIT;
