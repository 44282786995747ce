-- Revert sffdw:tables/deferred_attempt from pg

BEGIN;

ALTER TABLE sffdw.deferred_record
DROP COLUMN tried_at,
DROP CONSTRAINT deferred_record_reason_known;

COMMENT ON COLUMN sffdw.deferred_record.reason IS 'Why it was set aside, such as locked or refused.';

COMMIT;
