-- Deploy sffdw:tables/field_sweep to pg
-- requires: tables/mapping

BEGIN;

CREATE TABLE sffdw.field_sweep (
    mapping_id   integer     NOT NULL,
    purpose      text        NOT NULL,
    columns      name[]      NOT NULL,
    cursor_id    text        NOT NULL DEFAULT '',
    row_count    bigint      NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id       bigint,
    CONSTRAINT field_sweep_pkey PRIMARY KEY (mapping_id, purpose),
    CONSTRAINT field_sweep_mapping_id_fkey FOREIGN KEY (mapping_id)
        REFERENCES sffdw.mapping (mapping_id) ON DELETE CASCADE,
    CONSTRAINT field_sweep_purpose_known CHECK (purpose IN ('backfill', 'formula'))
);

-- extension dumps: sffdw.field_sweep
ALTER TABLE sffdw.field_sweep ENABLE ROW LEVEL SECURITY;

CREATE POLICY field_sweep_owner ON sffdw.field_sweep
USING (EXISTS (SELECT FROM sffdw.mapping m WHERE m.mapping_id = field_sweep.mapping_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON sffdw.field_sweep TO PUBLIC;

COMMENT ON TABLE sffdw.field_sweep IS
    'Columns of a mapping that are being read again for all its rows, between polls: new ones (backfill), and '
    'formulas and roll-ups, which change without SystemModstamp (formula). The row goes when it is done.';
COMMENT ON COLUMN sffdw.field_sweep.cursor_id IS 'Last Id merged; empty: none yet.';
COMMENT ON COLUMN sffdw.field_sweep.row_count IS 'Records read so far.';
COMMENT ON COLUMN sffdw.field_sweep.run_id IS 'The row of sync_run that the sweep adds to; NULL: not begun.';

COMMIT;
