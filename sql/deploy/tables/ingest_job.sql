-- Deploy sffdw:tables/ingest_job to pg
-- requires: tables/write_claim

BEGIN;

ALTER TABLE sffdw.write_claim
DROP CONSTRAINT write_claim_phase_known,
ADD CONSTRAINT write_claim_phase_known CHECK (
    phase IN ('claimed', 'in_job', 'doubtful', 'answered', 'waiting', 'failed'));

CREATE TABLE sffdw.ingest_job (
    job_number        integer     GENERATED ALWAYS AS IDENTITY,
    connection_id     integer     NOT NULL,
    table_name        text        NOT NULL,
    object_name       text        NOT NULL,
    action            text        NOT NULL,
    operation         text        NOT NULL,
    external_id_field text,
    batch_id          uuid        NOT NULL,
    entry_count       integer     NOT NULL,
    phase             text        NOT NULL DEFAULT 'claimed',
    job_id            text,
    state             text,
    message           text,
    started_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    look_at           timestamptz,
    look_count        integer     NOT NULL DEFAULT 0,
    error_count       integer     NOT NULL DEFAULT 0,
    call_count        bigint      NOT NULL DEFAULT 0,
    byte_count        bigint      NOT NULL DEFAULT 0,
    CONSTRAINT ingest_job_pkey PRIMARY KEY (job_number),
    CONSTRAINT ingest_job_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT ingest_job_phase_known CHECK (phase IN ('claimed', 'created', 'uploaded', 'closed', 'over')),
    CONSTRAINT ingest_job_id_known CHECK ((job_id IS NULL) = (phase = 'claimed')),
    CONSTRAINT ingest_job_action_known CHECK (action IN ('INSERT', 'UPDATE', 'DELETE'))
);

-- Serves the writer, which asks several times a second whether one is due.
CREATE INDEX ingest_job_connection_idx ON sffdw.ingest_job (connection_id);

-- extension dumps: sffdw.ingest_job, sffdw.ingest_job_job_number_seq
ALTER TABLE sffdw.ingest_job ENABLE ROW LEVEL SECURITY;

CREATE POLICY ingest_job_owner ON sffdw.ingest_job
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = ingest_job.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.ingest_job TO PUBLIC;

COMMENT ON TABLE sffdw.ingest_job IS
    'Bulk jobs that carry entries of the trigger log, until their results are read. Whoever holds a row''s lock works '
    'on it.';
COMMENT ON COLUMN sffdw.ingest_job.batch_id IS 'The batch of its claims.';
COMMENT ON COLUMN sffdw.ingest_job.phase IS
    'claimed: its entries are. created: the job is there and empty. uploaded: it has its rows. closed: Salesforce '
    'carries it out. over: its results are to be read.';
COMMENT ON COLUMN sffdw.ingest_job.job_id IS 'Its Id in Salesforce, committed before anything is uploaded.';
COMMENT ON COLUMN sffdw.ingest_job.state IS 'What Salesforce last said.';
COMMENT ON COLUMN sffdw.ingest_job.look_at IS 'When the next step may be made; NULL: at once.';

CREATE TABLE sffdw.ingest_record (
    job_number    integer NOT NULL,
    entry_id      integer NOT NULL,
    connection_id integer NOT NULL,
    table_name    text    NOT NULL,
    row_id        integer NOT NULL,
    record        jsonb   NOT NULL,
    record_key    text    NOT NULL,
    CONSTRAINT ingest_record_pkey PRIMARY KEY (job_number, entry_id),
    CONSTRAINT ingest_record_job_number_fkey FOREIGN KEY (job_number)
        REFERENCES sffdw.ingest_job (job_number) ON DELETE CASCADE
);

-- Serves the claim of other entries, which leaves alone the records that are in a job.
CREATE INDEX ingest_record_row_idx ON sffdw.ingest_record (connection_id, table_name, row_id);

-- extension dumps: sffdw.ingest_record
ALTER TABLE sffdw.ingest_record ENABLE ROW LEVEL SECURITY;

CREATE POLICY ingest_record_owner ON sffdw.ingest_record
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = ingest_record.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.ingest_record TO PUBLIC;

COMMENT ON TABLE sffdw.ingest_record IS 'What each entry in a Bulk job sends, and by what its result is known.';
COMMENT ON COLUMN sffdw.ingest_record.row_id IS 'The id of the local row.';
COMMENT ON COLUMN sffdw.ingest_record.record_key IS
    'Id, or value of the external id; of a plain insert, which has neither, a digest of its values: equal ones are '
    'interchangeable.';

CREATE TABLE sffdw.ingest_pause (
    connection_id integer     NOT NULL,
    table_name    text        NOT NULL,
    until         timestamptz NOT NULL,
    reason        text,
    CONSTRAINT ingest_pause_pkey PRIMARY KEY (connection_id, table_name),
    CONSTRAINT ingest_pause_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.ingest_pause
ALTER TABLE sffdw.ingest_pause ENABLE ROW LEVEL SECURITY;

CREATE POLICY ingest_pause_owner ON sffdw.ingest_pause
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = ingest_pause.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.ingest_pause TO PUBLIC;

COMMENT ON TABLE sffdw.ingest_pause IS
    'Until when no new Bulk job is made for a table, or with an empty name for any: entries go out in ordinary requests.';

COMMIT;
