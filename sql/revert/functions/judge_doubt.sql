-- Revert sffdw:functions/judge_doubt from pg

BEGIN;

DROP FUNCTION sffdw.judge_left(sffdw.connection, sffdw.write_claim[], sffdw.write_request[], integer[], sffdw.found_record[]);
DROP FUNCTION sffdw.judge_doubts(sffdw.connection, sffdw.write_claim[], sffdw.record_pair[], sffdw.write_request[]);
DROP FUNCTION sffdw.wait_end(sffdw.connection, sffdw.write_claim);
DROP TYPE sffdw.doubt_verdict;
DROP FUNCTION sffdw.judge_doubt(sffdw.write_request, sffdw.found_record[], timestamptz, boolean);
DROP FUNCTION sffdw.find_altered(sffdw.write_request, sffdw.found_record[]);
DROP FUNCTION sffdw.find_alike(sffdw.write_request[], sffdw.found_record[]);
DROP FUNCTION sffdw.group_alike(sffdw.write_request[], sffdw.found_record[]);

COMMIT;
