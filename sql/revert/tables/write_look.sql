-- Revert sffdw:tables/write_look from pg

BEGIN;

DROP TABLE sffdw.write_look;

COMMIT;
