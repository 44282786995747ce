-- Revert sffdw:functions/make_request from pg

BEGIN;

DROP FUNCTION sffdw.complete_insert(sffdw.connection, sffdw.mapping, sffdw.captured_change, sffdw.write_request);
DROP FUNCTION sffdw.find_created(sffdw.connection, sffdw.mapping, sffdw.captured_change);
DROP FUNCTION sffdw.decline(sffdw.write_request, text, text, text);
DROP FUNCTION sffdw.make_request(sffdw.connection, sffdw.captured_change);
DROP FUNCTION sffdw.make_record(sffdw.connection, sffdw.mapping, sffdw.captured_change);
DROP FUNCTION sffdw.find_sfid(sffdw.connection, sffdw.mapping, sffdw.captured_change);
DROP FUNCTION sffdw.read_changes(sffdw.connection, integer[]);
DROP TYPE sffdw.write_request;
DROP TYPE sffdw.captured_change;

COMMIT;
