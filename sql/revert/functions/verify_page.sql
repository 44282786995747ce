-- Revert sffdw:functions/verify_page from pg

BEGIN;

DROP FUNCTION sffdw.verify_page(sffdw.connection, sffdw.mapping, sffdw.verification, boolean);
DROP FUNCTION sffdw.charge_verification(sffdw.connection, bigint, bigint, bigint);
DROP FUNCTION sffdw.finish_verification(sffdw.connection, sffdw.mapping, sffdw.verification);
DROP FUNCTION sffdw.begin_verification(sffdw.mapping, boolean);
DROP FUNCTION sffdw.count_verified(sffdw.connection, sffdw.mapping, text, sffdw.verification);
DROP FUNCTION sffdw.plan_repairs(sffdw.mapping, text);
DROP FUNCTION sffdw.note_verified(sffdw.connection, sffdw.mapping, text, boolean);
DROP FUNCTION sffdw.judge_ids(sffdw.connection, sffdw.mapping, text, timestamptz);
DROP FUNCTION sffdw.judge_verification(sffdw.connection, sffdw.mapping, text, boolean);
DROP FUNCTION sffdw.read_ids(sffdw.connection, sffdw.mapping, text, text);

COMMIT;
