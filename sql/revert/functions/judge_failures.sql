-- Revert sffdw:functions/judge_failures from pg

BEGIN;

DROP FUNCTION sffdw.judge_failures(sffdw.connection, integer[]);
DROP FUNCTION sffdw.tell_delay(sffdw.connection, integer[]);
DROP FUNCTION sffdw.give_up_suspects(sffdw.connection, integer[]);
DROP FUNCTION sffdw.note_accepted(integer);
DROP FUNCTION sffdw.retry_pause(integer);

COMMIT;
