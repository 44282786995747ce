-- Revert sffdw:functions/row_filter from pg

BEGIN;

DROP FUNCTION sffdw.filter_soql(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.parse_row_filter(text, text);

COMMIT;
