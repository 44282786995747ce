-- Deploy sffdw:tables/gone_record to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.gone_record (
    mapping_id   integer     NOT NULL,
    sfid         text        NOT NULL,
    found_by     text        NOT NULL,
    found_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at timestamptz,
    is_released  boolean     NOT NULL DEFAULT false,
    kept_until   timestamptz,
    tried_at     timestamptz,
    attempts     integer     NOT NULL DEFAULT 0,
    error        text,
    CONSTRAINT gone_record_pkey PRIMARY KEY (mapping_id, sfid),
    CONSTRAINT gone_record_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE,
    CONSTRAINT gone_record_found_by_known CHECK (found_by IN ('poll', 'log', 'event', 'load', 'compare'))
);

-- Serves the step that confirms them, where very many are held.
CREATE INDEX gone_record_unconfirmed_idx ON sffdw.gone_record (mapping_id, sfid) WHERE confirmed_at IS NULL;

-- extension dumps: sffdw.gone_record
ALTER TABLE sffdw.gone_record ENABLE ROW LEVEL SECURITY;

CREATE POLICY gone_record_owner ON sffdw.gone_record
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = gone_record.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.gone_record TO PUBLIC;

COMMENT ON TABLE sffdw.gone_record IS
    'Records of local rows that seem to be gone from Salesforce, until the rows are deleted or the records are seen '
    'again. Nothing is deleted that was not confirmed in the same poll.';
COMMENT ON COLUMN sffdw.gone_record.found_by IS
    'poll: came as deleted, or did not come when asked for by its Id. log: the delete log. event: a change event. load, '
    'compare: not among the records read.';
COMMENT ON COLUMN sffdw.gone_record.confirmed_at IS
    'When Salesforce last said so, or did not know the Id; NULL: it is to be asked.';
COMMENT ON COLUMN sffdw.gone_record.is_released IS 'A person let the delete happen, however many there are.';
COMMENT ON COLUMN sffdw.gone_record.kept_until IS 'A person kept the row: not looked at again before.';
COMMENT ON COLUMN sffdw.gone_record.tried_at IS
    'When the delete was last tried: the row was locked, waited for a local change to be sent, or was refused.';

COMMIT;
