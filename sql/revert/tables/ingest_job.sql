-- Revert sffdw:tables/ingest_job from pg

BEGIN;

DROP TABLE sffdw.ingest_pause;
DROP TABLE sffdw.ingest_record;
DROP TABLE sffdw.ingest_job;

DELETE FROM sffdw.write_claim
WHERE phase = 'in_job';

ALTER TABLE sffdw.write_claim
DROP CONSTRAINT write_claim_phase_known,
ADD CONSTRAINT write_claim_phase_known CHECK (phase IN ('claimed', 'doubtful', 'answered', 'waiting', 'failed'));

COMMIT;
