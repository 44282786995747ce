-- Revert sffdw:tables/write_release from pg

BEGIN;

DROP TABLE sffdw.write_release;

COMMIT;
