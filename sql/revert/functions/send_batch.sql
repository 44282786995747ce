-- Revert sffdw:functions/send_batch from pg

BEGIN;

DROP FUNCTION sffdw.send_batch(integer, uuid);
DROP FUNCTION sffdw.note_refusal(integer, uuid);
DROP FUNCTION sffdw.log_batch(sffdw.connection, uuid, timestamptz, text, bigint, bigint);
DROP FUNCTION sffdw.doubt_batch(sffdw.connection, uuid, boolean, text);
DROP FUNCTION sffdw.send_requests(sffdw.connection, uuid);
DROP FUNCTION sffdw.confirm_or_put_off(sffdw.connection, sffdw.write_request[]);
DROP FUNCTION sffdw.note_answers(sffdw.connection, uuid);
DROP FUNCTION sffdw.answer_claims(sffdw.connection, uuid, sffdw.write_claim[], sffdw.write_answer[]);
DROP FUNCTION sffdw.read_answers(sffdw.connection, uuid);
DROP TYPE sffdw.write_answer;
DROP FUNCTION sffdw.judge_answer(boolean, text, text, integer, boolean, boolean);

COMMIT;
