-- Revert sffdw:functions/sees_cron from pg

BEGIN;

DROP FUNCTION sffdw.sees_cron();

COMMIT;
