-- Revert sffdw:tables/change_stream from pg

BEGIN;

DROP TABLE sffdw.change_stream;

COMMIT;
