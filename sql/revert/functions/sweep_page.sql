-- Revert sffdw:functions/sweep_page from pg

BEGIN;

DROP FUNCTION sffdw.sweep_page(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.set_aside_crossing(sffdw.connection, sffdw.mapping, text, text, text);
DROP FUNCTION sffdw.finish_sweep(sffdw.mapping, sffdw.field_sweep);
DROP FUNCTION sffdw.plan_formula_sweep(sffdw.mapping, jsonb, timestamptz);

COMMIT;
