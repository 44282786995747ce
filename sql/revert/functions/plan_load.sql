-- Revert sffdw:functions/plan_load from pg

BEGIN;

DROP FUNCTION sffdw.plan_load(sffdw.connection, sffdw.mapping, boolean);
DROP FUNCTION sffdw.plan_chunks(sffdw.connection, sffdw.mapping, bigint);
DROP FUNCTION sffdw.choose_transport(sffdw.connection, bigint);
DROP FUNCTION sffdw.count_org_records(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.ask_soql(sffdw.connection, text, text, text);
DROP FUNCTION sffdw.divide_ids(text, text, integer);
DROP FUNCTION sffdw.id_of_number(text, numeric);
DROP FUNCTION sffdw.number_of_id(text);

COMMIT;
