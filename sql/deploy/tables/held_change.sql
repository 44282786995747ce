-- Deploy sffdw:tables/held_change to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.held_change (
    mapping_id  integer     NOT NULL,
    direction   text        NOT NULL,
    action      text        NOT NULL,
    entry_count bigint      NOT NULL,
    oldest_at   timestamptz NOT NULL,
    threshold   bigint      NOT NULL,
    reason      text        NOT NULL,
    held_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    counted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT held_change_pkey PRIMARY KEY (mapping_id, direction, action),
    CONSTRAINT held_change_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE,
    CONSTRAINT held_change_direction_known CHECK (direction IN ('in', 'out')),
    CONSTRAINT held_change_action_known CHECK (action IN ('INSERT', 'UPDATE', 'DELETE'))
);

-- extension dumps: sffdw.held_change
ALTER TABLE sffdw.held_change ENABLE ROW LEVEL SECURITY;

CREATE POLICY held_change_owner ON sffdw.held_change
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = held_change.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.held_change TO PUBLIC;

COMMENT ON TABLE sffdw.held_change IS
    'Changes of a mapping that wait for a person because there are implausibly many of them: while there is a row, all '
    'changes of its direction and action wait, and other changes go on.';
COMMENT ON COLUMN sffdw.held_change.direction IS
    'in: from Salesforce, listed in gone_record. out: to Salesforce, listed in the trigger log.';
COMMENT ON COLUMN sffdw.held_change.oldest_at IS 'When the first of them was found.';
COMMENT ON COLUMN sffdw.held_change.counted_at IS 'When entry_count was right: what is held outwards is counted now and then.';
COMMENT ON COLUMN sffdw.held_change.threshold IS 'As many would not have been held.';

COMMIT;
