-- Revert sffdw:functions/retry from pg

BEGIN;

DROP FUNCTION sffdw.dismiss(integer[], text, text, text);
DROP FUNCTION sffdw.requeue_deletes(sffdw.connection, integer[]);
DROP FUNCTION sffdw.retry(integer[], text, text, text);
DROP FUNCTION sffdw.is_restored(sffdw.connection, integer);
DROP FUNCTION sffdw.lacks_insert(sffdw.connection, text, integer);
DROP FUNCTION sffdw.capture_again(sffdw.connection, text, integer, boolean, text[]);
DROP FUNCTION sffdw.set_entry_state(sffdw.connection, integer[], text);
DROP FUNCTION sffdw.find_failed(sffdw.connection, integer[], text, text);

COMMIT;
