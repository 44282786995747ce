-- Revert sffdw:functions/judge_stage from pg

BEGIN;

DROP FUNCTION sffdw.judge_stage(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.find_moving_identifiers(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.hold_back_awaited(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.hold_back_named(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.hold_back_own(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.difference(sffdw.connection, sffdw.mapping, boolean);

COMMIT;
