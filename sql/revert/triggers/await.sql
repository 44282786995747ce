-- Revert sffdw:triggers/await from pg

BEGIN;

DROP FUNCTION sffdw.drop_await(name, name);
DROP FUNCTION sffdw.create_await(name, name);
DROP FUNCTION sffdw.create_await_function(name, name);

COMMIT;
