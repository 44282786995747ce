-- Revert sffdw:tables/mapping_progress from pg

BEGIN;

ALTER TABLE sffdw.mapping
DROP COLUMN phase,
DROP COLUMN window_opened_at,
DROP COLUMN next_deletes_at,
DROP COLUMN next_sweep_at,
DROP COLUMN late_before,
DROP COLUMN window_count,
DROP COLUMN overlap_from,
DROP COLUMN overlap_to,
DROP COLUMN overlap_count,
DROP COLUMN overlap_read_at,
DROP COLUMN run_id,
DROP COLUMN load_sweeps,
DROP COLUMN error_count,
DROP COLUMN next_formula_at,
DROP COLUMN narrowed_to;

COMMIT;
