-- Deploy sffdw:tables/write_release to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.write_release (
    mapping_id   integer     NOT NULL,
    until_entry  integer     NOT NULL,
    in_progress  bigint[]    NOT NULL DEFAULT '{}',
    is_restored  boolean     NOT NULL DEFAULT false,
    is_discard   boolean     NOT NULL DEFAULT false,
    entry_count  bigint      NOT NULL,
    page_wise    boolean     NOT NULL DEFAULT false,
    cursor_id    text        NOT NULL DEFAULT '',
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id       bigint,
    CONSTRAINT write_release_pkey PRIMARY KEY (mapping_id),
    CONSTRAINT write_release_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.write_release
ALTER TABLE sffdw.write_release ENABLE ROW LEVEL SECURITY;

CREATE POLICY write_release_owner ON sffdw.write_release
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = write_release.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.write_release TO PUBLIC;

COMMENT ON TABLE sffdw.write_release IS
    'What a person last decided about a mapping''s held entries: those of the trigger log up to until_entry are sent, '
    'or discarded, however many they are; younger ones are judged anew. The row goes when none of them is left.';
COMMENT ON COLUMN sffdw.write_release.in_progress IS
    'The transactions that were under way then: entries of theirs were not seen, whatever their number.';
COMMENT ON COLUMN sffdw.write_release.is_restored IS
    'These transactions were of another server, and are over: numbers of transactions here say nothing about them.';
COMMENT ON COLUMN sffdw.write_release.is_discard IS
    'True: the polls take the entries back and bring the rows the org''s values; until then the mapping stays held.';
COMMENT ON COLUMN sffdw.write_release.page_wise IS
    'The records are read page by page in the order of Id, because most of the table is concerned; else by their Ids.';
COMMENT ON COLUMN sffdw.write_release.cursor_id IS 'Last Id of the pages read; empty: none yet.';
COMMENT ON COLUMN sffdw.write_release.run_id IS 'The row of sync_run that a discard adds to; NULL: not begun.';

COMMIT;
