-- Revert sffdw:functions/follow_field from pg

BEGIN;

DROP FUNCTION sffdw.follow_returned(sffdw.connection, sffdw.mapping, sffdw.described_field);
DROP FUNCTION sffdw.follow_removed(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.follow_added(sffdw.connection, sffdw.mapping, sffdw.described_field);
DROP FUNCTION sffdw.pause_mapping(sffdw.mapping, text, text);
DROP FUNCTION sffdw.follow_flags(sffdw.mapping, sffdw.described_field[]);
DROP FUNCTION sffdw.follow_lookup(sffdw.mapping, text, boolean);
DROP FUNCTION sffdw.leave_out(sffdw.mapping, text);
DROP FUNCTION sffdw.live_column(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.column_type(regclass, name);
DROP FUNCTION sffdw.is_lossless(oid, oid);

COMMIT;
