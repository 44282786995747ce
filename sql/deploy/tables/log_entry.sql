-- Deploy sffdw:tables/log_entry to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.log_entry (
    log_id        bigint      GENERATED ALWAYS AS IDENTITY,
    connection_id integer     NOT NULL,
    object_name   text,
    logged_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    level         text        NOT NULL DEFAULT 'INFO',
    event         text        NOT NULL,
    message       text        NOT NULL,
    row_count     bigint,
    duration_ms   bigint,
    CONSTRAINT log_entry_pkey PRIMARY KEY (log_id),
    CONSTRAINT log_entry_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT log_entry_level_known CHECK (level IN ('DEBUG', 'INFO', 'WARNING', 'ERROR'))
);

-- Serves the view, newest first per connection, the cascade and the purge.
CREATE INDEX log_entry_connection_idx ON sffdw.log_entry (connection_id, logged_at);

ALTER TABLE sffdw.log_entry ENABLE ROW LEVEL SECURITY;

CREATE POLICY log_entry_owner ON sffdw.log_entry
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = log_entry.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.log_entry TO PUBLIC;

COMMENT ON TABLE sffdw.log_entry IS 'What happened to a connection and its mappings, one line an event.';
COMMENT ON COLUMN sffdw.log_entry.object_name IS 'The mapping''s object; NULL: the whole connection.';

COMMIT;
