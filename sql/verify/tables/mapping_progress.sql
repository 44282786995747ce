-- Verify sffdw:tables/mapping_progress on pg

BEGIN;

SELECT phase, window_opened_at, next_deletes_at, next_sweep_at, late_before, window_count, overlap_from, overlap_to,
       overlap_count, overlap_read_at, run_id, load_sweeps, error_count, next_formula_at, narrowed_to
FROM sffdw.mapping
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_constraint
            WHERE conrelid = 'sffdw.mapping'::pg_catalog.regclass AND conname = 'mapping_phase_known'),
        'only known phases';
END
$do$;

ROLLBACK;
