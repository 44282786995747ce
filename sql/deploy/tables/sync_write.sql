-- Deploy sffdw:tables/sync_write to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.sync_write (
    marker_id     uuid        NOT NULL,
    connection_id integer     NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_settled    boolean     NOT NULL DEFAULT false,
    CONSTRAINT sync_write_pkey PRIMARY KEY (marker_id),
    CONSTRAINT sync_write_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE
);

ALTER TABLE sffdw.sync_write ENABLE ROW LEVEL SECURITY;

CREATE POLICY sync_write_owner ON sffdw.sync_write
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = sync_write.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.sync_write TO PUBLIC;

COMMENT ON TABLE sffdw.sync_write IS
    'Which synchronous writes have come to their end here. A batch''s row is written by the transaction that sends it: '
    'whatever undoes the local changes, a savepoint too, undoes the row. An intent without one was rolled back.';
COMMENT ON COLUMN sffdw.sync_write.marker_id IS
    'The batch of a write that committed; or, if is_settled, the intent of one that was rolled back.';
COMMENT ON COLUMN sffdw.sync_write.is_settled IS
    'What was rolled back here and stands in Salesforce has been reported or compensated.';

COMMIT;
