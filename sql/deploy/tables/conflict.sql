-- Deploy sffdw:tables/conflict to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.conflict (
    conflict_id bigint      GENERATED ALWAYS AS IDENTITY,
    mapping_id  integer     NOT NULL,
    entry_id    integer,
    sfid        text        NOT NULL,
    field       text,
    local_value text,
    org_value   text,
    base_value  text,
    resolution  text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT conflict_pkey PRIMARY KEY (conflict_id),
    CONSTRAINT conflict_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- Serves the cascade and the purge.
CREATE INDEX conflict_mapping_idx ON sffdw.conflict (mapping_id, at);

-- A conflict that is found again, by the next poll or the next try, is the same one.
CREATE UNIQUE INDEX conflict_entry_idx ON sffdw.conflict (mapping_id, entry_id, coalesce(field, ''))
WHERE entry_id IS NOT NULL;

ALTER TABLE sffdw.conflict ENABLE ROW LEVEL SECURITY;

CREATE POLICY conflict_owner ON sffdw.conflict
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = conflict.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.conflict TO PUBLIC;

COMMENT ON TABLE sffdw.conflict IS
    'Where both sides of a record differed by more than a change that was on its way, and what was done about it.';
COMMENT ON COLUMN sffdw.conflict.entry_id IS
    'The entry of the trigger log that the local change is; NULL: it is not the change of one entry.';
COMMENT ON COLUMN sffdw.conflict.field IS 'API name of the field; NULL: the whole record.';
COMMENT ON COLUMN sffdw.conflict.local_value IS 'The value here when the conflict was found; NULL: none.';
COMMENT ON COLUMN sffdw.conflict.org_value IS 'The value in Salesforce when the conflict was found; NULL: none.';
COMMENT ON COLUMN sffdw.conflict.base_value IS 'The value that both sides had before; NULL: none, or not known.';
COMMENT ON COLUMN sffdw.conflict.resolution IS 'What was done.';

COMMIT;
