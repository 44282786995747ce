-- Revert sffdw:tables/load_chunk from pg

BEGIN;

DROP TABLE sffdw.load_chunk;

ALTER TABLE sffdw.mapping
DROP COLUMN load_transport,
DROP COLUMN load_is_staged,
DROP COLUMN load_began_at;

COMMIT;
