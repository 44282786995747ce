-- Deploy sffdw:tables/known_field to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.known_field (
    mapping_id integer NOT NULL,
    field_name text    NOT NULL,
    described  jsonb   NOT NULL,
    gone_at    timestamptz,
    refused_at timestamptz,
    CONSTRAINT known_field_pkey PRIMARY KEY (mapping_id, field_name),
    CONSTRAINT known_field_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.known_field
ALTER TABLE sffdw.known_field ENABLE ROW LEVEL SECURITY;

CREATE POLICY known_field_owner ON sffdw.known_field
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = known_field.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.known_field TO PUBLIC;

COMMENT ON TABLE sffdw.known_field IS
    'The fields of a mapped object as they were when last looked at, mapped or not: what is compared to find changes.';
COMMENT ON COLUMN sffdw.known_field.described IS 'As a row of _fields, with the values of a picklist.';
COMMENT ON COLUMN sffdw.known_field.gone_at IS 'Since when the field is removed or hidden; NULL: it is there.';
COMMENT ON COLUMN sffdw.known_field.refused_at IS
    'When a query last refused the field although describe has it; NULL: none did.';

COMMIT;
