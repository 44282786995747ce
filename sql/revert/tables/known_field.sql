-- Revert sffdw:tables/known_field from pg

BEGIN;

DROP TABLE sffdw.known_field;

COMMIT;
