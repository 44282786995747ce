-- Deploy sffdw:tables/deferred_record to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.deferred_record (
    mapping_id integer     NOT NULL,
    sfid       text        NOT NULL,
    reason     text        NOT NULL,
    error      text,
    since      timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts   integer     NOT NULL DEFAULT 0,
    CONSTRAINT deferred_record_pkey PRIMARY KEY (mapping_id, sfid),
    CONSTRAINT deferred_record_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.deferred_record
ALTER TABLE sffdw.deferred_record ENABLE ROW LEVEL SECURITY;

CREATE POLICY deferred_record_owner ON sffdw.deferred_record
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = deferred_record.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.deferred_record TO PUBLIC;

COMMENT ON TABLE sffdw.deferred_record IS
    'Inbound records that could not be merged (the row was locked, or a constraint of the user''s refused it). The '
    'watermark may pass them: they are read again by their Id.';
COMMENT ON COLUMN sffdw.deferred_record.reason IS 'Why it was set aside, such as locked or refused.';
COMMENT ON COLUMN sffdw.deferred_record.attempts IS 'How often it was tried since.';

COMMIT;
