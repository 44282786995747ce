-- Revert sffdw:views/schema_events from pg

BEGIN;

DROP VIEW sffdw.schema_events;

COMMIT;
