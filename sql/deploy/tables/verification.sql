-- Deploy sffdw:tables/verification to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.verification (
    mapping_id      integer     NOT NULL,
    is_full         boolean     NOT NULL,
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at        timestamptz,
    next_at         timestamptz,
    retry_at        timestamptz,
    cursor_id       text        NOT NULL DEFAULT '',
    stale_since     timestamptz,
    seen_until      timestamptz,
    run_id          bigint,
    look_count      integer     NOT NULL DEFAULT 0,
    org_count       bigint      NOT NULL DEFAULT 0,
    local_count     bigint      NOT NULL DEFAULT 0,
    missing_count   bigint      NOT NULL DEFAULT 0,
    extra_count     bigint      NOT NULL DEFAULT 0,
    different_count bigint      NOT NULL DEFAULT 0,
    pending_count   bigint      NOT NULL DEFAULT 0,
    CONSTRAINT verification_pkey PRIMARY KEY (mapping_id),
    CONSTRAINT verification_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.verification
ALTER TABLE sffdw.verification ENABLE ROW LEVEL SECURITY;

CREATE POLICY verification_owner ON sffdw.verification
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = verification.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.verification TO PUBLIC;

COMMENT ON TABLE sffdw.verification IS
    'The comparison of a mapping''s rows with its records that is under way, page by page, or the last one.';
COMMENT ON COLUMN sffdw.verification.is_full IS
    'True: all mapped fields are compared; false: Ids, and stamps that moved since stale_since.';
COMMENT ON COLUMN sffdw.verification.ended_at IS 'NULL: under way.';
COMMENT ON COLUMN sffdw.verification.next_at IS 'This server''s time of the next one; NULL: none has been planned.';
COMMENT ON COLUMN sffdw.verification.retry_at IS 'After an error, not before this time.';
COMMENT ON COLUMN sffdw.verification.cursor_id IS 'Last Id compared; empty: none yet.';
COMMENT ON COLUMN sffdw.verification.seen_until IS 'The mapping''s watermark when it began.';
COMMENT ON COLUMN sffdw.verification.look_count IS
    'Comparisons in a row, this one the last, that a count has spared; 0: Ids were compared.';
COMMENT ON COLUMN sffdw.verification.pending_count IS
    'Rows that differ because a local change has not been sent yet.';

COMMIT;
