-- Revert sffdw:functions/settle_doubt from pg

BEGIN;

DROP FUNCTION sffdw.settle_doubt(integer, uuid);
DROP FUNCTION sffdw.make_doubted(sffdw.connection, sffdw.write_claim[]);
DROP FUNCTION sffdw.judge_doubt(sffdw.write_request, sffdw.found_record[], timestamptz, boolean);
DROP FUNCTION sffdw.find_altered(sffdw.write_request, sffdw.found_record[]);
DROP FUNCTION sffdw.ask_about(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz);
DROP FUNCTION sffdw.find_unbound(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.ask_created(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.close_doubt(sffdw.connection, integer, text, text);
DROP FUNCTION sffdw.mark_doubtful(sffdw.connection, uuid);

COMMIT;
