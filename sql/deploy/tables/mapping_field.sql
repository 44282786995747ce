-- Deploy sffdw:tables/mapping_field to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.mapping_field (
    mapping_id     integer NOT NULL,
    field_name     text    NOT NULL,
    column_name    name    NOT NULL,
    sf_type        text    NOT NULL,
    pg_type        text    NOT NULL,
    is_createable  boolean NOT NULL,
    is_updateable  boolean NOT NULL,
    is_calculated  boolean NOT NULL,
    is_indexed     boolean NOT NULL DEFAULT false,
    is_unique      boolean NOT NULL DEFAULT false,
    length         integer,
    target_object  text,
    left_out_since timestamptz,
    CONSTRAINT mapping_field_pkey PRIMARY KEY (mapping_id, column_name),
    CONSTRAINT mapping_field_name_key UNIQUE (mapping_id, field_name),
    CONSTRAINT mapping_field_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE,
    CONSTRAINT mapping_field_id_column CHECK ((field_name = 'Id') = (column_name = 'sfid'))
);

-- extension dumps: sffdw.mapping_field
ALTER TABLE sffdw.mapping_field ENABLE ROW LEVEL SECURITY;

CREATE POLICY mapping_field_owner ON sffdw.mapping_field
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = mapping_field.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.mapping_field TO PUBLIC;

COMMENT ON TABLE sffdw.mapping_field IS
    'The mapped fields: field_name as describe spells it, column_name in the local table (Id is sfid). Columns of the '
    'table that are not listed here are the user''s own and never touched.';
COMMENT ON COLUMN sffdw.mapping_field.sf_type IS 'Salesforce''s field type when last looked at.';
COMMENT ON COLUMN sffdw.mapping_field.pg_type IS 'The column''s SQL type when mapped.';
COMMENT ON COLUMN sffdw.mapping_field.target_object IS
    'Of a column that names another record by its external id, the object of that record.';
COMMENT ON COLUMN sffdw.mapping_field.is_createable IS 'Sent with an INSERT; false: left out.';
COMMENT ON COLUMN sffdw.mapping_field.is_updateable IS 'Sent with an UPDATE; false: left out.';
COMMENT ON COLUMN sffdw.mapping_field.is_calculated IS 'A formula or roll-up: changes without SystemModstamp.';
COMMENT ON COLUMN sffdw.mapping_field.left_out_since IS
    'Since when the field is neither read nor sent: it is gone or hidden in Salesforce, or its type no longer fits the '
    'column, which keeps its values. NULL: it is in step.';
COMMENT ON COLUMN sffdw.mapping_field.is_indexed IS 'Has an index of ours, hc_idx_… or hcu_idx_….';

COMMIT;
