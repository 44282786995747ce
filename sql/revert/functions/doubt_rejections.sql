-- Revert sffdw:functions/doubt_rejections from pg

BEGIN;

DROP FUNCTION sffdw.doubt_rejections(sffdw.connection, uuid);

COMMIT;
