-- Revert sffdw:functions/make_request from pg

BEGIN;

DROP FUNCTION sffdw.make_all_requests(sffdw.connection, sffdw.captured_change[]);
DROP FUNCTION sffdw.make_request(sffdw.connection, sffdw.captured_change);
DROP FUNCTION sffdw.make_requests(sffdw.connection, sffdw.mapping, sffdw.captured_change[]);
DROP FUNCTION sffdw.complete_request(text, integer, text, text, jsonb, text);
DROP FUNCTION sffdw.decline(sffdw.write_request, text, text, text);
DROP FUNCTION sffdw.find_sfids(sffdw.connection, sffdw.mapping, sffdw.captured_change[]);
DROP FUNCTION sffdw.make_record(sffdw.connection, sffdw.mapping, sffdw.captured_change);
DROP FUNCTION sffdw.make_records(sffdw.connection, sffdw.mapping, sffdw.captured_change[]);
DROP FUNCTION sffdw.read_changes(sffdw.connection, integer[]);
DROP TYPE sffdw.write_request;
DROP TYPE sffdw.captured_change;

COMMIT;
