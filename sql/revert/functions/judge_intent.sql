-- Revert sffdw:functions/judge_intent from pg

BEGIN;

DROP FUNCTION sffdw.judge_intent(sffdw.connection, sffdw.mapping, sffdw.sync_intent);
DROP FUNCTION sffdw.find_carried_out(sffdw.connection, sffdw.mapping, sffdw.sync_intent, boolean);
DROP FUNCTION sffdw.make_intended(sffdw.sync_intent);
DROP FUNCTION sffdw.ask_intent(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz);
DROP TYPE sffdw.undone_change;

COMMIT;
