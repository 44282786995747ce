-- Deploy sffdw:functions/create_internal_tables to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.create_internal_tables(schema_name name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_class c
        WHERE c.relnamespace = quote_ident(schema_name)::regnamespace
        AND c.relname IN ('_trigger_log', '_trigger_log_archive', '_hcmeta', '_sf_event_log')
    ) THEN
        RAISE EXCEPTION 'schema "%" already holds a trigger log', schema_name
            USING ERRCODE = 'duplicate_table',
                  HINT = 'Another connection made it, perhaps Heroku Connect''s: choose another schema_name, or drop '
                         '_trigger_log_archive, _trigger_log, _hcmeta and _sf_event_log if nothing needs them.';
    END IF;
    -- Each capture leaves dead tuples here, and what the writer reads must stay short: hence the autovacuum settings.
    EXECUTE format($ddl$
        CREATE TABLE %1$I._trigger_log (
            id           serial PRIMARY KEY,
            txid         bigint,
            created_at   timestamptz DEFAULT now(),
            updated_at   timestamptz DEFAULT now(),
            processed_at timestamptz,
            processed_tx bigint,
            state        varchar(8),
            action       varchar(7),
            table_name   varchar(128),
            record_id    integer,
            sfid         varchar(18),
            old          text,
            "values"     text,
            sf_result    integer,
            sf_message   text
        )
        WITH (fillfactor = 60, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
        CREATE INDEX _trigger_log_idx_created_at ON %1$I._trigger_log (created_at);
        CREATE INDEX _trigger_log_idx_state_id ON %1$I._trigger_log (state, id);
        CREATE INDEX _trigger_log_idx_state_table_name ON %1$I._trigger_log (state, table_name)
        WHERE state = 'NEW' OR state = 'PENDING';

        CREATE TABLE %1$I._trigger_log_archive (
            id           integer DEFAULT nextval(%2$L::regclass) PRIMARY KEY,
            txid         bigint,
            created_at   timestamptz,
            updated_at   timestamptz,
            processed_at timestamptz,
            processed_tx bigint,
            state        varchar(8),
            action       varchar(7),
            table_name   varchar(128),
            record_id    integer,
            sfid         varchar(18),
            old          text,
            "values"     text,
            sf_result    integer,
            sf_message   text
        );
        CREATE INDEX _trigger_log_archive_idx_created_at ON %1$I._trigger_log_archive (created_at);
        CREATE INDEX _trigger_log_archive_idx_record_id ON %1$I._trigger_log_archive (record_id);
        CREATE INDEX _trigger_log_archive_idx_state_table_name ON %1$I._trigger_log_archive (state, table_name)
        WHERE state = 'FAILED';

        CREATE TABLE %1$I._hcmeta (
            id      serial PRIMARY KEY,
            hcver   integer,
            org_id  varchar(50),
            details text
        );

        CREATE TABLE %1$I._sf_event_log (
            id           serial PRIMARY KEY,
            table_name   varchar(128),
            action       varchar(7),
            synced_at    timestamptz DEFAULT now(),
            sf_timestamp timestamptz,
            sfid         varchar(20),
            record       text,
            processed    boolean
        );
        CREATE INDEX idx__sf_event_log_comp_key ON %1$I._sf_event_log (table_name, synced_at);
        CREATE INDEX idx__sf_event_log_sfid ON %1$I._sf_event_log (sfid);

        COMMENT ON TABLE %1$I._trigger_log IS
            'Captured changes of this schema''s mapped tables and what became of them; only state is meant to be '
            'edited.';
        COMMENT ON TABLE %1$I._trigger_log_archive IS 'Entries of _trigger_log that are done with.';
        COMMENT ON TABLE %1$I._hcmeta IS
            'The org these tables belong to, and in details the connection''s settings as JSON.';
        COMMENT ON TABLE %1$I._sf_event_log IS 'Kept for Heroku Connect''s contract; nothing writes it.';
    $ddl$, schema_name, format('%I._trigger_log_id_seq', schema_name));
END
$function$;

COMMENT ON FUNCTION sffdw.create_internal_tables(name) IS
    'Create a connection''s trigger log, its archive, _hcmeta and _sf_event_log exactly by Heroku Connect''s contract. '
    'Raises duplicate_table.';

COMMIT;
