-- Deploy sffdw:tables/change_notice to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.change_notice (
    notice_id  bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    mapping_id integer     NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    gone_ids   text[]      NOT NULL DEFAULT '{}',
    CONSTRAINT change_notice_pkey PRIMARY KEY (notice_id),
    CONSTRAINT change_notice_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- Serves polls, which ask whether there is any for their mapping.
CREATE INDEX change_notice_mapping_id_idx ON sffdw.change_notice (mapping_id);

ALTER TABLE sffdw.change_notice ENABLE ROW LEVEL SECURITY;

CREATE POLICY change_notice_owner ON sffdw.change_notice
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = change_notice.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.change_notice TO PUBLIC;

COMMENT ON TABLE sffdw.change_notice IS
    'That change events told of an accelerated mapping''s object since its last poll began. Rows are only added here, '
    'and taken by the next poll: who follows events waits for no poll, and holds up none.';
COMMENT ON COLUMN sffdw.change_notice.gone_ids IS 'The records that the events call deleted, to be confirmed.';

COMMIT;
