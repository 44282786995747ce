-- Revert sffdw:tables/field_sweep from pg

BEGIN;

DROP TABLE sffdw.field_sweep;

COMMIT;
