-- Revert sffdw:tables/change_notice from pg

BEGIN;

DROP TABLE sffdw.change_notice;

COMMIT;
