-- Revert sffdw:tables/schema_event from pg

BEGIN;

DROP TABLE sffdw.schema_event;

COMMIT;
