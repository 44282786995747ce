-- Deploy sffdw:tables/schema_check to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.schema_check (
    connection_id integer     NOT NULL,
    next_at       timestamptz NOT NULL DEFAULT '-infinity',
    full_at       timestamptz NOT NULL DEFAULT 'infinity',
    error         text,
    CONSTRAINT schema_check_pkey PRIMARY KEY (connection_id),
    CONSTRAINT schema_check_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE
);

ALTER TABLE sffdw.schema_check ENABLE ROW LEVEL SECURITY;

CREATE POLICY schema_check_owner ON sffdw.schema_check
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = schema_check.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.schema_check TO PUBLIC;

COMMENT ON TABLE sffdw.schema_check IS
    'When a connection next asks Salesforce whether the schema of its objects has changed.';
COMMENT ON COLUMN sffdw.schema_check.full_at IS
    'From when on the describes are fetched whether or not Salesforce calls them modified: permissions that changed do '
    'not count as modification.';
COMMENT ON COLUMN sffdw.schema_check.error IS 'What ended the last check; NULL: nothing did.';

COMMIT;
