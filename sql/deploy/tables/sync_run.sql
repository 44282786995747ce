-- Deploy sffdw:tables/sync_run to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.sync_run (
    run_id          bigint      GENERATED ALWAYS AS IDENTITY,
    connection_id   integer     NOT NULL,
    object_name     text,
    purpose         text        NOT NULL,
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at        timestamptz,
    outcome         text,
    read_count      bigint      NOT NULL DEFAULT 0,
    inserted_count  bigint      NOT NULL DEFAULT 0,
    updated_count   bigint      NOT NULL DEFAULT 0,
    deleted_count   bigint      NOT NULL DEFAULT 0,
    unchanged_count bigint      NOT NULL DEFAULT 0,
    call_count      bigint      NOT NULL DEFAULT 0,
    byte_count      bigint      NOT NULL DEFAULT 0,
    error           text,
    CONSTRAINT sync_run_pkey PRIMARY KEY (run_id),
    CONSTRAINT sync_run_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE
);

-- Serves the view, newest first per connection, the cascade and the purge.
CREATE INDEX sync_run_connection_idx ON sffdw.sync_run (connection_id, started_at);

ALTER TABLE sffdw.sync_run ENABLE ROW LEVEL SECURITY;

CREATE POLICY sync_run_owner ON sffdw.sync_run
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = sync_run.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.sync_run TO PUBLIC;

COMMENT ON TABLE sffdw.sync_run IS
    'One row a load, poll, delete poll or write: what it read and changed, what it cost and how it ended.';
COMMENT ON COLUMN sffdw.sync_run.outcome IS 'NULL while it runs, then such as ok, partial or error.';
COMMENT ON COLUMN sffdw.sync_run.unchanged_count IS 'Records read that equalled the local row: no row was rewritten.';

COMMIT;
