-- Deploy sffdw:tables/load_chunk to pg
-- requires: tables/mapping_progress

BEGIN;

ALTER TABLE sffdw.mapping
ADD COLUMN load_transport text,
ADD COLUMN load_is_staged boolean     NOT NULL DEFAULT false,
ADD COLUMN load_began_at  timestamptz,
ADD CONSTRAINT mapping_load_transport_known CHECK (load_transport IN ('REST', 'Bulk'));

COMMENT ON COLUMN sffdw.mapping.load_transport IS 'How the running load, or the last one, reads its records.';
COMMENT ON COLUMN sffdw.mapping.load_is_staged IS
    'The running load puts its pages aside and replaces the rows in one transaction in the end.';
COMMENT ON COLUMN sffdw.mapping.load_began_at IS
    'This server''s time when the running load began; NULL: none is running.';

CREATE TABLE sffdw.load_chunk (
    mapping_id      integer     NOT NULL,
    chunk_number    integer     NOT NULL,
    first_id        text,
    before_id       text,
    job_id          text,
    job_state       text,
    job_created_at  timestamptz,
    job_count       integer     NOT NULL DEFAULT 0,
    processed_count bigint,
    locator         text        NOT NULL DEFAULT '',
    row_count       bigint      NOT NULL DEFAULT 0,
    page_rows       integer,
    look_count      integer     NOT NULL DEFAULT 0,
    look_at         timestamptz,
    error_count     integer     NOT NULL DEFAULT 0,
    error           text,
    done_at         timestamptz,
    CONSTRAINT load_chunk_pkey PRIMARY KEY (mapping_id, chunk_number),
    CONSTRAINT load_chunk_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE,
    CONSTRAINT load_chunk_job_known CHECK (job_id IS NOT NULL OR row_count = 0)
);

ALTER TABLE sffdw.load_chunk ENABLE ROW LEVEL SECURITY;

CREATE POLICY load_chunk_owner ON sffdw.load_chunk
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = load_chunk.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.load_chunk TO PUBLIC;

COMMENT ON TABLE sffdw.load_chunk IS
    'The parts of a load through Bulk, each a range of Ids and a job of its own; or the one job of a poll. Whoever holds '
    'a row''s lock works on it: several sessions load one object at once.';
COMMENT ON COLUMN sffdw.load_chunk.first_id IS 'First Id of the range; NULL: from the lowest.';
COMMENT ON COLUMN sffdw.load_chunk.before_id IS 'First Id beyond the range; NULL: to the highest.';
COMMENT ON COLUMN sffdw.load_chunk.job_id IS 'Its job in Salesforce, committed before it is used; NULL: none yet.';
COMMENT ON COLUMN sffdw.load_chunk.job_created_at IS
    'This server''s time before the job was created: what was settled since may be missing in its result.';
COMMENT ON COLUMN sffdw.load_chunk.job_count IS 'Jobs that were tried for this chunk.';
COMMENT ON COLUMN sffdw.load_chunk.processed_count IS 'Rows that the job announces.';
COMMENT ON COLUMN sffdw.load_chunk.locator IS 'Where the next page begins; empty: the first page.';
COMMENT ON COLUMN sffdw.load_chunk.row_count IS 'Rows of this job''s pages that are committed.';
COMMENT ON COLUMN sffdw.load_chunk.page_rows IS
    'Rows that the next page may have, by the bytes of the last one; NULL: none has been read.';
COMMENT ON COLUMN sffdw.load_chunk.look_at IS 'When the next step may be made; NULL: at once.';
COMMENT ON COLUMN sffdw.load_chunk.error_count IS 'Errors in a row with this job.';

COMMIT;
