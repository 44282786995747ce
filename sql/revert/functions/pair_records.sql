-- Revert sffdw:functions/pair_records from pg

BEGIN;

DROP FUNCTION sffdw.pair_records(sffdw.write_request[], sffdw.found_record[]);
DROP FUNCTION sffdw.pair_equal(integer[], text[], text[], text[], sffdw.found_record[]);
DROP FUNCTION sffdw.sent_values(sffdw.write_request[]);
DROP TYPE sffdw.record_pair;

COMMIT;
