-- Revert sffdw:tables/row_restore from pg

BEGIN;

DROP TABLE sffdw.row_restore;

COMMIT;
