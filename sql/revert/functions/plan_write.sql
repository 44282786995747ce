-- Revert sffdw:functions/plan_write from pg

BEGIN;

DROP FUNCTION sffdw.plan_write(integer, text);
DROP FUNCTION sffdw.plan_requests(sffdw.connection, integer[], integer);
DROP FUNCTION sffdw.plan_merges(sffdw.connection, integer[]);
DROP FUNCTION sffdw.plan_jobs(sffdw.connection, text[], integer);
DROP FUNCTION sffdw.plan_holds(sffdw.connection, integer);
DROP FUNCTION sffdw.find_standstill(sffdw.connection);
DROP TYPE sffdw.planned_entry;

COMMIT;
