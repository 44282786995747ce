-- Deploy sffdw:tables/change_stream to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.change_stream (
    connection_id integer     NOT NULL,
    replay_id     bigint      NOT NULL DEFAULT -1,
    subscribed_at timestamptz,
    last_event_at timestamptz,
    event_count   bigint      NOT NULL DEFAULT 0,
    last_error    text,
    next_try_at   timestamptz,
    CONSTRAINT change_stream_pkey PRIMARY KEY (connection_id),
    CONSTRAINT change_stream_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.change_stream
ALTER TABLE sffdw.change_stream ENABLE ROW LEVEL SECURITY;

CREATE POLICY change_stream_owner ON sffdw.change_stream
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = change_stream.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.change_stream TO PUBLIC;

COMMENT ON TABLE sffdw.change_stream IS
    'How far a connection has read Salesforce''s change events: one subscription for all accelerated mappings.';
COMMENT ON COLUMN sffdw.change_stream.replay_id IS
    'The last event that was acted upon; -1: none, only new ones are read.';
COMMENT ON COLUMN sffdw.change_stream.subscribed_at IS 'When the stream was last opened.';
COMMENT ON COLUMN sffdw.change_stream.last_error IS 'Why it could not be read at the last try; NULL: it could.';
COMMENT ON COLUMN sffdw.change_stream.next_try_at IS 'After an error, when it is tried again.';

COMMIT;
