-- Revert sffdw:functions/resolve_conflicts from pg

BEGIN;

DROP FUNCTION sffdw.resolve_conflicts(sffdw.connection, sffdw.write_request[]);
DROP FUNCTION sffdw.asks_first(integer, text);
DROP FUNCTION sffdw.put_off(sffdw.connection, sffdw.write_request[], text, text);
DROP FUNCTION sffdw.resolve_mapping(sffdw.connection, sffdw.mapping, sffdw.write_request[]);
DROP FUNCTION sffdw.apply_gone(sffdw.mapping, sffdw.write_request);
DROP FUNCTION sffdw.apply_policy(sffdw.connection, sffdw.mapping, sffdw.write_request, sffdw.field_conflict[]);
DROP FUNCTION sffdw.ask_restore(integer, integer, text, name);
DROP FUNCTION sffdw.record_conflict(sffdw.field_conflict[]);
DROP FUNCTION sffdw.field_conflicts(sffdw.connection, sffdw.mapping, sffdw.write_request[], jsonb);
DROP FUNCTION sffdw.read_current(sffdw.connection, sffdw.mapping, sffdw.write_request[]);

COMMIT;
