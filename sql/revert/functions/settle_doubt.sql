-- Revert sffdw:functions/settle_doubt from pg

BEGIN;

DROP FUNCTION sffdw.settle_doubt(integer, uuid);
DROP FUNCTION sffdw.make_doubted(sffdw.connection, sffdw.write_claim[]);
DROP FUNCTION sffdw.ask_about(sffdw.connection, sffdw.mapping, sffdw.write_request[], timestamptz);
DROP FUNCTION sffdw.find_unbound(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.ask_created(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.close_doubts(sffdw.connection, sffdw.doubt_verdict[]);
DROP FUNCTION sffdw.next_question(sffdw.connection, sffdw.write_claim);
DROP FUNCTION sffdw.adopt_orphans(sffdw.connection);
DROP FUNCTION sffdw.mark_doubtful(sffdw.connection, uuid);

COMMIT;
