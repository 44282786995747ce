-- Revert sffdw:functions/verify_mapping from pg

BEGIN;

DROP FUNCTION sffdw.verify_mapping(text, boolean, text);
DROP FUNCTION sffdw.verify_each(text, boolean, text);
DROP FUNCTION sffdw.verify_whole(sffdw.connection, sffdw.mapping, boolean);
DROP TYPE sffdw.verification_count;
DROP FUNCTION sffdw.repair_mapping(sffdw.connection, integer, bigint);

COMMIT;
