-- Deploy sffdw:tables/drift_record to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.drift_record (
    drift_id    bigint      GENERATED ALWAYS AS IDENTITY,
    mapping_id  integer     NOT NULL,
    sfid        text        NOT NULL,
    kind        text        NOT NULL,
    fields      text[],
    found_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    repaired_at timestamptz,
    CONSTRAINT drift_record_pkey PRIMARY KEY (drift_id),
    CONSTRAINT drift_record_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE,
    CONSTRAINT drift_record_kind_known CHECK (kind IN ('late', 'missing', 'extra', 'different'))
);

-- Keeps a drift that is found again from being noted again, and serves the merge that repairs it.
CREATE UNIQUE INDEX drift_record_open_idx ON sffdw.drift_record (mapping_id, sfid) WHERE repaired_at IS NULL;

-- Serves the view, newest first per mapping, the cascade and the purge.
CREATE INDEX drift_record_mapping_idx ON sffdw.drift_record (mapping_id, found_at);

ALTER TABLE sffdw.drift_record ENABLE ROW LEVEL SECURITY;

CREATE POLICY drift_record_owner ON sffdw.drift_record
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = drift_record.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.drift_record TO PUBLIC;

COMMENT ON TABLE sffdw.drift_record IS
    'Where a local table was found to differ from Salesforce although every poll had ended well.';
COMMENT ON COLUMN sffdw.drift_record.kind IS
    'late: a change that became visible after its time had been polled, found by a sweep. missing: a record without '
    'a row. extra: a row without a record. different: a row with other values than its record.';
COMMENT ON COLUMN sffdw.drift_record.fields IS 'The fields that differed; NULL where it is the whole row.';
COMMENT ON COLUMN sffdw.drift_record.repaired_at IS 'When the row was made equal; NULL: not yet.';

COMMIT;
