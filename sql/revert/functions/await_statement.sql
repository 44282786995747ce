-- Revert sffdw:functions/await_statement from pg

BEGIN;

DROP FUNCTION sffdw.await_statement(name, name);
DROP FUNCTION sffdw.await_changes(sffdw.connection, sffdw.mapping, sffdw.captured_change[]);
DROP FUNCTION sffdw.settle_idle(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.settle_at_once(sffdw.connection, sffdw.mapping, sffdw.sync_answer[]);
DROP FUNCTION sffdw.refuse_same_record(sffdw.connection, sffdw.mapping, sffdw.sync_answer[]);
DROP FUNCTION sffdw.read_answers(sffdw.connection, sffdw.write_request[], sffdw.captured_change[], uuid);
DROP FUNCTION sffdw.send_changes(sffdw.connection, sffdw.mapping, sffdw.write_request[], uuid);
DROP FUNCTION sffdw.refuse_declined(sffdw.write_request[], sffdw.captured_change[]);
DROP FUNCTION sffdw.take_changes(sffdw.connection, sffdw.mapping);
DROP TYPE sffdw.sync_answer;

COMMIT;
