-- Deploy sffdw:tables/mapping_schema to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.mapping_schema (
    mapping_id integer NOT NULL,
    digest     text    NOT NULL,
    key_prefix text,
    gone_at    timestamptz,
    CONSTRAINT mapping_schema_pkey PRIMARY KEY (mapping_id),
    CONSTRAINT mapping_schema_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE
);

-- extension dumps: sffdw.mapping_schema
ALTER TABLE sffdw.mapping_schema ENABLE ROW LEVEL SECURITY;

CREATE POLICY mapping_schema_owner ON sffdw.mapping_schema
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = mapping_schema.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.mapping_schema TO PUBLIC;

COMMENT ON TABLE sffdw.mapping_schema IS 'What is known of a mapped object''s schema: up to which digest it is followed.';
COMMENT ON COLUMN sffdw.mapping_schema.digest IS 'As _schema_changes gives it; empty: to be compared anew.';
COMMENT ON COLUMN sffdw.mapping_schema.key_prefix IS
    'The first characters of the records'' Ids, by which a renamed object is found again; NULL: it has none.';
COMMENT ON COLUMN sffdw.mapping_schema.gone_at IS 'Since when Salesforce does not know the object; NULL: it does.';

COMMIT;
