-- Revert sffdw:functions/check_sync_write from pg

BEGIN;

DROP FUNCTION sffdw.refuse_overtaking(sffdw.connection, sffdw.mapping, sffdw.captured_change[]);
DROP FUNCTION sffdw.refuse_mass(sffdw.connection, sffdw.mapping, sffdw.write_request[]);
DROP FUNCTION sffdw.check_requests(sffdw.connection, sffdw.write_request[]);
DROP FUNCTION sffdw.refuse_pause(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.refuse_other_server(sffdw.connection);

COMMIT;
