-- Deploy sffdw:tables/replaced_object to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.replaced_object (
    connection_id integer  NOT NULL,
    position      integer  NOT NULL,
    kind          text     NOT NULL,
    object_name   name     NOT NULL,
    table_name    name,
    definition    text     NOT NULL,
    description   text,
    enabled       "char",
    privileges    aclitem[],
    CONSTRAINT replaced_object_pkey PRIMARY KEY (connection_id, position),
    CONSTRAINT replaced_object_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT replaced_object_kind_known CHECK (kind IN ('function', 'trigger')),
    CONSTRAINT replaced_object_table_named CHECK (kind = 'function' OR table_name IS NOT NULL)
);

-- extension dumps: sffdw.replaced_object
ALTER TABLE sffdw.replaced_object ENABLE ROW LEVEL SECURITY;

CREATE POLICY replaced_object_owner ON sffdw.replaced_object
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = replaced_object.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.replaced_object TO PUBLIC;

COMMENT ON TABLE sffdw.replaced_object IS
    'Functions and triggers of an adopted schema that ours took the place of, as PostgreSQL writes them: '
    'drop_connection puts them back.';
COMMENT ON COLUMN sffdw.replaced_object.position IS 'The order of putting back: functions before their triggers.';
COMMENT ON COLUMN sffdw.replaced_object.enabled IS 'Of a trigger: O, D, R or A as in pg_trigger.';
COMMENT ON COLUMN sffdw.replaced_object.privileges IS 'Of a function; NULL: the default.';

COMMIT;
