-- Revert sffdw:tables/connection from pg

BEGIN;

DROP TABLE sffdw.connection;

COMMIT;
