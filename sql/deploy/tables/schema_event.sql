-- Deploy sffdw:tables/schema_event to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.schema_event (
    event_id      bigint      GENERATED ALWAYS AS IDENTITY,
    connection_id integer     NOT NULL,
    mapping_id    integer,
    object_name   text        NOT NULL,
    field_name    text,
    kind          text        NOT NULL,
    old_value     text,
    new_value     text,
    action        text,
    noted_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    retry_at      timestamptz,
    CONSTRAINT schema_event_pkey PRIMARY KEY (event_id),
    CONSTRAINT schema_event_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE,
    CONSTRAINT schema_event_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE SET NULL,
    CONSTRAINT schema_event_kind_known CHECK (kind IN (
        'field_added', 'field_removed', 'field_returned', 'field_renamed', 'field_required', 'field_read_only',
        'field_writable', 'length_increased', 'length_decreased', 'precision_changed', 'type_changed',
        'reference_changed', 'picklist_changed', 'identifier_changed', 'object_renamed', 'object_removed',
        'object_returned')),
    CONSTRAINT schema_event_action_or_retry CHECK (action IS NOT NULL OR retry_at IS NOT NULL)
);

-- Serves the view, newest first per connection, and the cascade.
CREATE INDEX schema_event_connection_idx ON sffdw.schema_event (connection_id, noted_at);
-- Serves each pass of a poll, which looks for what is still to be done.
CREATE INDEX schema_event_retry_idx ON sffdw.schema_event (connection_id, retry_at) WHERE retry_at IS NOT NULL;
-- Serves the end of a mapping.
CREATE INDEX schema_event_mapping_idx ON sffdw.schema_event (mapping_id);

ALTER TABLE sffdw.schema_event ENABLE ROW LEVEL SECURITY;

CREATE POLICY schema_event_owner ON sffdw.schema_event
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = schema_event.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.schema_event TO PUBLIC;

COMMENT ON TABLE sffdw.schema_event IS
    'Changes of mapped objects and their fields in Salesforce, and what was done about each. Each new row sends its id '
    'on channel sffdw.schema_event.';
COMMENT ON COLUMN sffdw.schema_event.field_name IS 'NULL: the event concerns the object.';
COMMENT ON COLUMN sffdw.schema_event.retry_at IS 'When what is still to be done is tried again; NULL: it is done.';

COMMIT;
