-- Deploy sffdw:tables/row_restore to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.row_restore (
    mapping_id  integer     NOT NULL,
    entry_id    integer     NOT NULL,
    action      text        NOT NULL,
    record_id   integer     NOT NULL,
    sfid        text        NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_try_at timestamptz,
    done_at     timestamptz,
    CONSTRAINT row_restore_pkey PRIMARY KEY (mapping_id, entry_id),
    CONSTRAINT row_restore_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- Serves the writer, which asks several times a second whether there is one.
CREATE INDEX row_restore_open_idx ON sffdw.row_restore (mapping_id) WHERE done_at IS NULL;

-- extension dumps: sffdw.row_restore
ALTER TABLE sffdw.row_restore ENABLE ROW LEVEL SECURITY;

CREATE POLICY row_restore_owner ON sffdw.row_restore
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = row_restore.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.row_restore TO PUBLIC;

COMMENT ON TABLE sffdw.row_restore IS
    'Entries of the trigger log whose rows take Salesforce''s values again, once the entry is settled: a rejected change '
    'under rejected_policy restore, or one that lost a conflict.';
COMMENT ON COLUMN sffdw.row_restore.done_at IS 'NULL: its record has yet to be read.';

COMMIT;
