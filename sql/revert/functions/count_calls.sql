-- Revert sffdw:functions/count_calls from pg

BEGIN;

DROP FUNCTION sffdw.own_calls(sffdw.connection);
DROP FUNCTION sffdw.exclude_calls(integer, sffdw.call_total[]);
DROP FUNCTION sffdw.fold_calls(sffdw.connection);
DROP FUNCTION sffdw.utc_day();
DROP FUNCTION sffdw.count_calls(sffdw.connection, date);
DROP FUNCTION sffdw.read_calls(name, name, date);
DROP TYPE sffdw.call_total;

COMMIT;
