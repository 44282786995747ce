-- Revert sffdw:functions/request_field_sweep from pg

BEGIN;

DROP FUNCTION sffdw.refresh_fields(text, text);
DROP FUNCTION sffdw.calculated_columns(integer);
DROP FUNCTION sffdw.has_field_sweep(integer, text);
DROP FUNCTION sffdw.request_field_sweep(integer, text, name[]);

COMMIT;
