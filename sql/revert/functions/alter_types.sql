-- Revert sffdw:functions/alter_types from pg

BEGIN;

DROP FUNCTION sffdw.alter_types(sffdw.connection, sffdw.mapping, sffdw.described_field[]);
DROP FUNCTION sffdw.retype_table(regclass, sffdw.described_field[], boolean);
DROP FUNCTION sffdw.refuse_types(sffdw.connection, sffdw.mapping, sffdw.described_field[]);
DROP FUNCTION sffdw.retyped_clauses(regclass, sffdw.described_field[], boolean);
DROP FUNCTION sffdw.cast_column(name, oid, text);

COMMIT;
