-- Revert sffdw:functions/import_live_table from pg

BEGIN;

DROP FUNCTION sffdw.import_live_table(sffdw.connection, name, sffdw.described_field[]);

COMMIT;
