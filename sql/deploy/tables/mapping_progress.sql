-- Deploy sffdw:tables/mapping_progress to pg
-- requires: tables/mapping

BEGIN;

ALTER TABLE sffdw.mapping
ADD COLUMN phase            text,
ADD COLUMN window_opened_at timestamptz,
ADD COLUMN next_deletes_at  timestamptz,
ADD COLUMN next_sweep_at    timestamptz,
ADD COLUMN late_before      timestamptz,
ADD COLUMN window_count     bigint,
ADD COLUMN overlap_from     timestamptz,
ADD COLUMN overlap_to       timestamptz,
ADD COLUMN overlap_count    bigint,
ADD COLUMN overlap_read_at  timestamptz,
ADD COLUMN run_id           bigint,
ADD COLUMN load_sweeps      boolean     NOT NULL DEFAULT false,
ADD COLUMN error_count      integer     NOT NULL DEFAULT 0,
ADD COLUMN next_formula_at  timestamptz,
ADD COLUMN narrowed_to      name[],
ADD CONSTRAINT mapping_narrowed_to_unstored CHECK (narrowed_to IS NULL),
ADD CONSTRAINT mapping_phase_known CHECK (phase IN (
    'load', 'bulk', 'replace', 'index', 'changes', 'bulk_changes', 'recent', 'compare', 'deletes', 'verify',
    'deferred'));

COMMENT ON COLUMN sffdw.mapping.phase IS
    'The step at which the running load or poll goes on, after a crash too; NULL: none is running.';
COMMENT ON COLUMN sffdw.mapping.window_opened_at IS
    'This server''s time when the running poll, or the last one, began: what was settled before it began is in it.';
COMMENT ON COLUMN sffdw.mapping.next_deletes_at IS 'This server''s time from when getDeleted is asked again.';
COMMENT ON COLUMN sffdw.mapping.next_sweep_at IS
    'This server''s time from when a poll is a sweep, which reaches further back than the overlap.';
COMMENT ON COLUMN sffdw.mapping.late_before IS
    'Where the running window would have begun if it were not a sweep; NULL: it is none.';
COMMENT ON COLUMN sffdw.mapping.window_count IS
    'Records read in the running poll window so far, its last seconds apart.';
COMMENT ON COLUMN sffdw.mapping.overlap_to IS
    'Salesforce''s time: of the records stamped from overlap_from on and before this, overlap_count have been read, more '
    'than a page; NULL: the next poll begins with the whole overlap in any case.';
COMMENT ON COLUMN sffdw.mapping.overlap_read_at IS
    'Salesforce''s time when the last poll ended that began with the whole overlap: the next such poll begins an overlap '
    'before it, so that no late commit can fall between the two.';
COMMENT ON COLUMN sffdw.mapping.load_sweeps IS
    'The running load deletes local rows that it does not find in Salesforce.';
COMMENT ON COLUMN sffdw.mapping.error_count IS
    'Errors since the last poll that ended well: the pause before the next try doubles with each.';
COMMENT ON COLUMN sffdw.mapping.next_formula_at IS
    'When formulas and roll-ups are next read again; NULL: not planned, for instance because none is mapped.';
COMMENT ON COLUMN sffdw.mapping.narrowed_to IS
    'Always NULL in the table: a function that reads some columns only hands on the mapping narrowed to these.';
COMMENT ON COLUMN sffdw.mapping.run_id IS 'The row of sync_run that the running load or poll adds to.';

COMMIT;
