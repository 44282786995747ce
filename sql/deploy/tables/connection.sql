-- Deploy sffdw:tables/connection to pg
-- requires: schema

BEGIN;

CREATE TABLE sffdw.connection (
    connection_id     integer     GENERATED ALWAYS AS IDENTITY,
    connection_name   text        NOT NULL,
    server_name       name        NOT NULL,
    schema_name       name        NOT NULL,
    live_schema_name  name        NOT NULL,
    owner_role        name        NOT NULL DEFAULT current_user,
    state             text        NOT NULL DEFAULT 'IDLE',
    write_algorithm   text        NOT NULL DEFAULT 'ordered',
    paused_in         boolean     NOT NULL DEFAULT false,
    paused_out        boolean     NOT NULL DEFAULT false,
    org_id            text,
    api_version       text,
    api_limit         bigint,
    system_identifier bigint,
    timeline_id       integer,
    data_directory    text,
    database_oid      oid,
    hstore_schema     name        NOT NULL,
    run_search_path   text        NOT NULL,
    options           jsonb       NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    last_poll_at      timestamptz,
    last_write_at     timestamptz,
    accepted_at       timestamptz,
    last_error        text,
    last_error_at     timestamptz,
    throttled_until   timestamptz,
    write_pause_until timestamptz,
    throttle_count    integer     NOT NULL DEFAULT 0,
    CONSTRAINT connection_pkey PRIMARY KEY (connection_id),
    CONSTRAINT connection_schema_name_key UNIQUE (schema_name),
    CONSTRAINT connection_state_known CHECK (state IN (
        'NEW', 'NEED_AUTHENTICATION', 'IDLE', 'POLLING_DB_CHANGES', 'PAUSED', 'RECOVERY', 'IMPORT_CONFIGURATION',
        'SYSTEM_ERROR', 'DB_UNAVAILABLE', 'TOO_MANY_ROWS', 'UNAUTHORIZED', 'INACTIVE_ORG', 'BUSY')),
    CONSTRAINT connection_write_algorithm_known CHECK (write_algorithm IN ('ordered', 'merged')),
    CONSTRAINT connection_schemas_differ CHECK (schema_name <> live_schema_name),
    CONSTRAINT connection_options_object CHECK (jsonb_typeof(options) = 'object')
);

-- Serves the look-up by name, which ignores case.
CREATE UNIQUE INDEX connection_name_idx ON sffdw.connection (lower(connection_name));

-- extension dumps: sffdw.connection, sffdw.connection_connection_id_seq
ALTER TABLE sffdw.connection ENABLE ROW LEVEL SECURITY;

-- A role that was dropped must not make the table unreadable for the others, hence pg_roles and not the name alone.
CREATE POLICY connection_owner ON sffdw.connection
USING (EXISTS (
    SELECT
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = owner_role
    AND pg_catalog.pg_has_role(r.oid, 'USAGE')
));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.connection TO PUBLIC;

COMMENT ON TABLE sffdw.connection IS
    'One Salesforce org kept in sync with one schema. Visible to the members of its owner role only.';
COMMENT ON COLUMN sffdw.connection.connection_name IS 'The name routines take; the schema''s name unless renamed.';
COMMENT ON COLUMN sffdw.connection.owner_role IS
    'Owns the schemas, tables, generated functions, user mapping and jobs; never a superuser.';
COMMENT ON COLUMN sffdw.connection.state IS
    'A connection state of Heroku Connect''s contract, such as IDLE or RECOVERY.';
COMMENT ON COLUMN sffdw.connection.paused_in IS 'True: nothing is read from Salesforce.';
COMMENT ON COLUMN sffdw.connection.paused_out IS 'True: nothing is sent to Salesforce; changes are still captured.';
COMMENT ON COLUMN sffdw.connection.org_id IS 'The org this connection belongs to; another org''s answer stops it.';
COMMENT ON COLUMN sffdw.connection.api_limit IS 'The org''s daily API calls as last seen; NULL before the first one.';
COMMENT ON COLUMN sffdw.connection.system_identifier IS
    'The cluster this connection may write from, with timeline_id, data_directory and database_oid: a clone or a '
    'restored backup differs in one of them and must not write.';
COMMENT ON COLUMN sffdw.connection.data_directory IS 'A digest: the path itself is for superusers only.';
COMMENT ON COLUMN sffdw.connection.accepted_at IS
    'When Salesforce last answered a request with changes by something else than a failure of its servers.';
COMMENT ON COLUMN sffdw.connection.hstore_schema IS 'Where hstore lives, looked up when the connection was made.';
COMMENT ON COLUMN sffdw.connection.run_search_path IS
    'The search_path under which functions write mapped tables, so that users'' own triggers find what they name.';
COMMENT ON COLUMN sffdw.connection.throttled_until IS
    'Until when the login, the org''s limits or the budget stop polls; writes have the last word of the budget and may '
    'go on.';
COMMENT ON COLUMN sffdw.connection.write_pause_until IS 'Until when writes stop too.';
COMMENT ON COLUMN sffdw.connection.throttle_count IS
    'Pauses since calls were last accepted: each is twice as long as the one before.';

COMMIT;
