-- Revert sffdw:functions/schema_step from pg

BEGIN;

DROP FUNCTION sffdw.refresh_schema(text, text);
DROP FUNCTION sffdw.follow_refusal(integer, text, timestamptz);
DROP FUNCTION sffdw.leave_out_refused(sffdw.mapping, text);
DROP FUNCTION sffdw.leave_out_paths(sffdw.mapping, text);
DROP FUNCTION sffdw.schema_state(integer);
DROP FUNCTION sffdw.schema_step(integer, timestamptz);
DROP FUNCTION sffdw.record_schema_error(integer, text, timestamptz);
DROP FUNCTION sffdw.hasten_schema_check(sffdw.connection, text);
DROP FUNCTION sffdw.run_schema_check(sffdw.connection, timestamptz);
DROP FUNCTION sffdw.retry_refused_fields(integer);
DROP FUNCTION sffdw.is_schema_due(integer, timestamptz);

COMMIT;
