-- Revert sffdw:functions/name_resent from pg

BEGIN;

DROP FUNCTION sffdw.name_resent(sffdw.connection, sffdw.write_request[], sffdw.write_claim[]);

COMMIT;
