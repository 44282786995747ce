-- Revert sffdw:views/notifications from pg

BEGIN;

DROP VIEW sffdw.notifications;

COMMIT;
