-- Deploy sffdw:tables/write_look to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.write_look (
    connection_id integer     NOT NULL,
    kind          text        NOT NULL,
    look_at       timestamptz NOT NULL,
    is_stale      boolean     NOT NULL DEFAULT false,
    CONSTRAINT write_look_pkey PRIMARY KEY (connection_id, kind),
    CONSTRAINT write_look_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT write_look_kind_known CHECK (kind IN ('first', 'claim', 'hold', 'merge', 'ingest', 'orphan', 'prepare'))
);

ALTER TABLE sffdw.write_look ENABLE ROW LEVEL SECURITY;

CREATE POLICY write_look_owner ON sffdw.write_look
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = write_look.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.write_look TO PUBLIC;

COMMENT ON TABLE sffdw.write_look IS
    'Looks of the writer through all of the trigger log that took long and found nothing, and when the next may be.';
COMMENT ON COLUMN sffdw.write_look.kind IS
    'first: what of the oldest entries can be sent. claim: what of all. hold: what is to be held. merge: what can be merged. ingest: what a Bulk job can carry. '
    'orphan: what nobody has claimed. prepare: what the capture marked IGNORE.';
COMMENT ON COLUMN sffdw.write_look.is_stale IS
    'Something has been done since: whoever is about to stop looks once more.';

COMMIT;
