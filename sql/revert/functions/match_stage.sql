-- Revert sffdw:functions/match_stage from pg

BEGIN;

DROP FUNCTION sffdw.match_stage(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.adopt_rows(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.adoption_paths(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.lock_matches(sffdw.connection, sffdw.mapping, text);

COMMIT;
