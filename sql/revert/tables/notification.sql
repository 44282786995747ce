-- Revert sffdw:tables/notification from pg

BEGIN;

DROP TABLE sffdw.notification;

COMMIT;
