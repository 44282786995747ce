-- Deploy sffdw:tables/mapping to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.mapping (
    mapping_id         integer     GENERATED ALWAYS AS IDENTITY,
    connection_id      integer     NOT NULL,
    object_name        text        NOT NULL,
    table_name         name        NOT NULL,
    access             text        NOT NULL DEFAULT 'read_only',
    unique_identifier  text,
    poll_interval      interval    NOT NULL DEFAULT '10 minutes',
    accelerated        boolean     NOT NULL DEFAULT false,
    row_filter         text,
    filter_expression  text,
    filter_changed     boolean     NOT NULL DEFAULT false,
    types              text        NOT NULL DEFAULT 'heroku',
    writable_fields    text[],
    write_mode         text        NOT NULL DEFAULT 'async',
    conflict_policy    text        NOT NULL DEFAULT 'last_writer',
    rejected_policy    text        NOT NULL DEFAULT 'keep',
    schema_policy      text        NOT NULL DEFAULT 'warn',
    daily_call_cap     integer     NOT NULL DEFAULT 30000,
    history            boolean     NOT NULL DEFAULT false,
    hold_threshold     integer,
    capture_replicated boolean     NOT NULL DEFAULT false,
    has_systemmodstamp boolean     NOT NULL,
    has_isdeleted      boolean     NOT NULL,
    replicateable      boolean     NOT NULL,
    state              text        NOT NULL DEFAULT 'INITIAL',
    state_description  text,
    revision           integer     NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    watermark_at       timestamptz,
    watermark_id       text,
    load_started_at    timestamptz,
    load_cursor        text,
    load_rows_done     bigint      NOT NULL DEFAULT 0,
    window_end_at      timestamptz,
    cursor_at          timestamptz,
    cursor_id          text,
    deleted_until      timestamptz,
    last_poll_at       timestamptz,
    next_poll_at       timestamptz,
    org_count          bigint,
    org_counted_at     timestamptz,
    last_error         text,
    CONSTRAINT mapping_pkey PRIMARY KEY (mapping_id),
    CONSTRAINT mapping_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT mapping_object_key UNIQUE (connection_id, object_name),
    CONSTRAINT mapping_table_key UNIQUE (connection_id, table_name),
    CONSTRAINT mapping_access_known CHECK (access IN ('read_only', 'read_write')),
    CONSTRAINT mapping_poll_interval_min CHECK (poll_interval >= interval '5 seconds'),
    CONSTRAINT mapping_types_known CHECK (types IN ('heroku', 'precise')),
    CONSTRAINT mapping_write_mode_known CHECK (write_mode IN ('async', 'sync')),
    CONSTRAINT mapping_conflict_policy_known CHECK (conflict_policy IN ('last_writer', 'salesforce', 'postgres')),
    CONSTRAINT mapping_rejected_policy_known CHECK (rejected_policy IN ('keep', 'restore')),
    CONSTRAINT mapping_schema_policy_known CHECK (schema_policy IN ('warn', 'evolve', 'pause')),
    CONSTRAINT mapping_daily_call_cap_positive CHECK (daily_call_cap > 0),
    CONSTRAINT mapping_hold_threshold_positive CHECK (hold_threshold > 0),
    CONSTRAINT mapping_state_known CHECK (state IN (
        'DATA_SYNCED', 'INITIAL', 'RESYNC', 'RELOAD_TABLE', 'SCHEMA_CHANGED', 'POLLING_SF_CHANGES', 'POLLING_SF_BULK',
        'POLLING_SF_FOR_DELETES', 'WAIT_BULK_LOAD', 'LOADING_BULK_JOB', 'RESOLVE_EXTERNAL_IDS', 'BULK_LOAD_ERROR',
        'WAIT_BULK_UPDATE', 'APPLYING_BULK_UPDATE', 'POLL_EXTERNAL_IDS', 'RECOVERY', 'ABORTED', 'SYSTEM_ERROR',
        'DB_UNAVAILABLE', 'BAD_CONFIG', 'SYNC_REMOVED', 'INACTIVE_ORG', 'UNAUTHORIZED'))
);

-- extension dumps: sffdw.mapping, sffdw.mapping_mapping_id_seq
ALTER TABLE sffdw.mapping ENABLE ROW LEVEL SECURITY;

CREATE POLICY mapping_owner ON sffdw.mapping
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = mapping.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.mapping TO PUBLIC;

COMMENT ON TABLE sffdw.mapping IS
    'One Salesforce object kept in sync with one local table: its settings, its state and how far it has been read. '
    'All times but created_at, last_poll_at and next_poll_at are Salesforce''s.';
COMMENT ON COLUMN sffdw.mapping.object_name IS 'API name as describe spells it.';
COMMENT ON COLUMN sffdw.mapping.row_filter IS
    'The condition that records must meet to be in the table, as it was given; NULL: all are.';
COMMENT ON COLUMN sffdw.mapping.filter_expression IS
    'row_filter as PostgreSQL writes it, on the columns of the live table; NULL: none.';
COMMENT ON COLUMN sffdw.mapping.filter_changed IS
    'The table still follows an earlier filter: the next load must see the records that leave.';
COMMENT ON COLUMN sffdw.mapping.capture_replicated IS
    'What logical replication applies to the table is captured too.';
COMMENT ON COLUMN sffdw.mapping.unique_identifier IS
    'External-id field by which inserts are upserted; NULL: plain creates.';
COMMENT ON COLUMN sffdw.mapping.state IS 'A mapping state of Heroku Connect''s contract: DATA_SYNCED when all is well.';
COMMENT ON COLUMN sffdw.mapping.revision IS 'Counts the changes of the settings.';
COMMENT ON COLUMN sffdw.mapping.watermark_at IS
    'The committed cursor, with watermark_id: every change up to here is in the table or in deferred_record.';
COMMENT ON COLUMN sffdw.mapping.load_started_at IS
    'Salesforce''s time, less the overlap, when the load began: the first poll window starts here.';
COMMENT ON COLUMN sffdw.mapping.load_cursor IS 'Last Id merged by the running load; NULL: no load is running.';
COMMENT ON COLUMN sffdw.mapping.window_end_at IS 'End of the running poll window; NULL: none is running.';
COMMENT ON COLUMN sffdw.mapping.cursor_at IS 'Keyset position inside the running window, with cursor_id.';
COMMENT ON COLUMN sffdw.mapping.deleted_until IS 'Up to where getDeleted has been asked.';
COMMENT ON COLUMN sffdw.mapping.org_count IS 'Records in the org when last counted, at org_counted_at.';

COMMIT;
