-- Revert sffdw:functions/follow_type from pg

BEGIN;

DROP FUNCTION sffdw.follow_type(sffdw.connection, sffdw.mapping, sffdw.described_field);
DROP FUNCTION sffdw.alter_column_type(regclass, name, text);
DROP FUNCTION sffdw.retype_live_column(sffdw.connection, sffdw.mapping, sffdw.described_field);
DROP FUNCTION sffdw.follow_length(sffdw.connection, sffdw.mapping, sffdw.described_field);

COMMIT;
