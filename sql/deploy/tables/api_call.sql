-- Deploy sffdw:tables/api_call to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.api_call (
    day           date    NOT NULL,
    connection_id integer NOT NULL,
    object_name   text,
    purpose       text    NOT NULL,
    ledger_id     text    NOT NULL DEFAULT '',
    call_count    bigint  NOT NULL DEFAULT 0,
    row_count     bigint  NOT NULL DEFAULT 0,
    byte_count    bigint  NOT NULL DEFAULT 0,
    CONSTRAINT api_call_key UNIQUE NULLS NOT DISTINCT (connection_id, day, object_name, purpose, ledger_id),
    CONSTRAINT api_call_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT api_call_purpose_known CHECK (purpose IN (
        'session', 'describe', 'poll', 'deletes', 'load', 'write', 'settle', 'verify', 'formula', 'changes', 'live'))
);

ALTER TABLE sffdw.api_call ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_call_owner ON sffdw.api_call
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = api_call.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.api_call TO PUBLIC;

COMMENT ON TABLE sffdw.api_call IS
    'API calls spent, per UTC day, connection, object and purpose, as maintain last copied them from the files that '
    'backends count in.';
COMMENT ON COLUMN sffdw.api_call.object_name IS 'NULL: the call concerned no single object.';
COMMENT ON COLUMN sffdw.api_call.ledger_id IS
    'The file that holds these totals; those of several files add up. ''before'': less than nothing, what its server '
    'and user had spent on the day before the connection was made.';

COMMIT;
