-- Revert sffdw:functions/retry_deferred from pg

BEGIN;

DROP FUNCTION sffdw.retry_deferred(sffdw.connection, sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.settle_aside(sffdw.connection, sffdw.mapping, boolean);
DROP FUNCTION sffdw.finish_poll(sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.forget_vanished(sffdw.connection, sffdw.mapping, text, text[]);
DROP FUNCTION sffdw.choose_deferred(sffdw.mapping, boolean);

COMMIT;
