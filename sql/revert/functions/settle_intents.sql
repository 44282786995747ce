-- Revert sffdw:functions/settle_intents from pg

BEGIN;

DROP FUNCTION sffdw.settle_sync_writes(sffdw.connection);
DROP FUNCTION sffdw.settle_intents(sffdw.connection);
DROP FUNCTION sffdw.settle_intent(sffdw.connection, sffdw.sync_intent);
DROP FUNCTION sffdw.report_undone(sffdw.mapping, sffdw.undone_change[], text[]);
DROP FUNCTION sffdw.compensate(sffdw.connection, sffdw.mapping, sffdw.undone_change[]);
DROP FUNCTION sffdw.undo_request(sffdw.mapping, sffdw.undone_change, jsonb);

COMMIT;
