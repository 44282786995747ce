-- Deploy sffdw:tables/deferred_attempt to pg
-- requires: tables/deferred_record

BEGIN;

ALTER TABLE sffdw.deferred_record
ADD COLUMN tried_at timestamptz,
ADD CONSTRAINT deferred_record_reason_known CHECK (reason IN (
    'locked', 'unsent', 'refused', 'left', 'missing', 'different', 'undone'));

COMMENT ON COLUMN sffdw.deferred_record.tried_at IS
    'When it was last read again by its Id; NULL: not yet.';
COMMENT ON COLUMN sffdw.deferred_record.reason IS
    'locked: another session held the row. unsent: a local change must reach Salesforce first. refused: the table '
    'refused the row with the error. left: the record has crossed the row filter. missing, different: a '
    'comparison found the row so. undone: a change that Salesforce had accepted was rolled back here.';

COMMIT;
