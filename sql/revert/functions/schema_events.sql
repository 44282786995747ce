-- Revert sffdw:functions/schema_events from pg

BEGIN;

DROP FUNCTION sffdw.column_dependents(regclass, name);
DROP FUNCTION sffdw.add_schema_event(sffdw.mapping, text, text, text, text, text);
DROP FUNCTION sffdw.tell_schema_event(bigint);
DROP FUNCTION sffdw.is_mapped(integer, text);
DROP FUNCTION sffdw.is_schema_alarm(text);

COMMIT;
