-- Revert sffdw:functions/check_schema from pg

BEGIN;

DROP FUNCTION sffdw.check_schema(sffdw.connection, integer[], boolean);
DROP FUNCTION sffdw.carry_out_events(sffdw.connection, integer, timestamptz);
DROP FUNCTION sffdw.carry_out_event(sffdw.connection, sffdw.schema_event, timestamptz);
DROP FUNCTION sffdw.carry_out(sffdw.connection, sffdw.mapping, sffdw.schema_event);
DROP FUNCTION sffdw.take_answer(sffdw.connection, integer, sffdw.schema_answer);
DROP FUNCTION sffdw.ask_schema(sffdw.connection, integer[], boolean);

COMMIT;
