-- Revert sffdw:tables/gone_record from pg

BEGIN;

DROP TABLE sffdw.gone_record;

COMMIT;
