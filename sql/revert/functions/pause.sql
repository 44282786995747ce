-- Revert sffdw:functions/pause from pg

BEGIN;

DROP FUNCTION sffdw.pause(text, text);
DROP FUNCTION sffdw.set_paused(text, text, boolean);

COMMIT;
