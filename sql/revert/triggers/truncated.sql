-- Revert sffdw:triggers/truncated from pg

BEGIN;

DROP FUNCTION sffdw.drop_truncate_warning(name, name);
DROP FUNCTION sffdw.create_truncate_warning(name, name);

COMMIT;
