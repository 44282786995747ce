-- Deploy sffdw:tables/notification to pg
-- requires: tables/connection

BEGIN;

CREATE TABLE sffdw.notification (
    notification_id bigint      GENERATED ALWAYS AS IDENTITY,
    connection_id   integer     NOT NULL,
    event_type      text        NOT NULL,
    message         text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    acknowledged_at timestamptz,
    subject         text,
    event_count     bigint      NOT NULL DEFAULT 1,
    CONSTRAINT notification_pkey PRIMARY KEY (notification_id),
    CONSTRAINT notification_connection_id_fkey FOREIGN KEY (connection_id)
        REFERENCES sffdw.connection (connection_id) ON DELETE CASCADE
);

-- Serves the view, newest first per connection, and the cascade.
CREATE INDEX notification_connection_idx ON sffdw.notification (connection_id, created_at);

ALTER TABLE sffdw.notification ENABLE ROW LEVEL SECURITY;

CREATE POLICY notification_owner ON sffdw.notification
USING (EXISTS (SELECT FROM sffdw.connection c WHERE c.connection_id = notification.connection_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.notification TO PUBLIC;

COMMENT ON TABLE sffdw.notification IS
    'What a person should know, such as a mapping in error. Each new row sends its id on channel sffdw.notification.';
COMMENT ON COLUMN sffdw.notification.event_type IS 'Such as mapping-error or write-error.';
COMMENT ON COLUMN sffdw.notification.subject IS
    'What further events must have in common to be counted here instead of being told of anew; NULL: none are.';
COMMENT ON COLUMN sffdw.notification.event_count IS 'How many events it tells of.';
COMMENT ON COLUMN sffdw.notification.acknowledged_at IS 'Set by whoever has dealt with it.';

COMMIT;
