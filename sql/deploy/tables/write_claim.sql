-- Deploy sffdw:tables/write_claim to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.write_claim (
    connection_id  integer     NOT NULL,
    entry_id       integer     NOT NULL,
    phase          text        NOT NULL,
    batch_id       uuid,
    batch_position integer,
    claimant_pid   integer,
    claimant_start timestamptz,
    claimed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt_count  integer     NOT NULL DEFAULT 0,
    passing_count  integer     NOT NULL DEFAULT 0,
    failure_count  integer     NOT NULL DEFAULT 0,
    next_try_at    timestamptz,
    asked_at       timestamptz,
    doubtful_at    timestamptz,
    is_resent      boolean     NOT NULL DEFAULT false,
    is_rejected    boolean     NOT NULL DEFAULT false,
    final_state    text,
    record_id      text,
    is_created     boolean,
    http_status    integer,
    status_code    text,
    message        text,
    fields         text[],
    CONSTRAINT write_claim_pkey PRIMARY KEY (connection_id, entry_id),
    CONSTRAINT write_claim_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT write_claim_phase_known CHECK (phase IN ('claimed', 'doubtful', 'answered', 'waiting', 'failed')),
    CONSTRAINT write_claim_answer_known CHECK ((final_state IS NOT NULL) = (phase IN ('answered', 'failed'))),
    CONSTRAINT write_claim_state_known CHECK (final_state IN ('SUCCESS', 'FAILED', 'IGNORED'))
);

-- Serves the writer, which asks several times a second what is left to do.
CREATE INDEX write_claim_phase_idx ON sffdw.write_claim (connection_id, phase) WHERE phase <> 'failed';

-- extension dumps: sffdw.write_claim
ALTER TABLE sffdw.write_claim ENABLE ROW LEVEL SECURITY;

CREATE POLICY write_claim_owner ON sffdw.write_claim
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = write_claim.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.write_claim TO PUBLIC;

COMMENT ON TABLE sffdw.write_claim IS
    'Entries of the trigger log on their way: who took them, what Salesforce answered, how often they were tried. '
    'The log itself keeps to Heroku Connect''s contract and has no room for it.';
COMMENT ON COLUMN sffdw.write_claim.phase IS
    'claimed: about to be sent, or being sent. in_job: in a Bulk job, see ingest_job. doubtful: perhaps sent, no '
    'answer: Salesforce is asked. answered: to be written back. waiting: the entry is NEW again until next_try_at. failed: the entry is FAILED.';
COMMENT ON COLUMN sffdw.write_claim.claimant_pid IS
    'With claimant_start, the backend that took it: once that is gone, a claimed entry is in doubt.';
COMMENT ON COLUMN sffdw.write_claim.passing_count IS
    'How often it was refused for something of the record that passes, a lock. Outages of the org do not count.';
COMMENT ON COLUMN sffdw.write_claim.failure_count IS
    'How often Salesforce''s servers have failed at it while they accepted other changes.';
COMMENT ON COLUMN sffdw.write_claim.asked_at IS 'When Salesforce was last asked about a doubtful one; NULL: never.';
COMMENT ON COLUMN sffdw.write_claim.doubtful_at IS
    'Of one in doubt that another server may have sent as late as then, whenever it was claimed: from when on its answer '
    'is awaited. NULL: from claimed_at.';
COMMENT ON COLUMN sffdw.write_claim.is_resent IS
    'Whether it has been sent again after an answer was lost, because what was sent first was not found.';
COMMENT ON COLUMN sffdw.write_claim.is_rejected IS
    'Whether a doubtful one has been refused: it was sent before, and is FAILED unless Salesforce has it all the same.';
COMMENT ON COLUMN sffdw.write_claim.final_state IS 'The state that the entry gets with the answer.';
COMMENT ON COLUMN sffdw.write_claim.http_status IS 'Of the answer; NULL: none came.';

COMMIT;
