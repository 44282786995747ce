-- Deploy sffdw:functions/cluster_identity to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.cluster_identity(
    OUT system_identifier bigint,
    OUT timeline_id       integer,
    OUT data_directory    text,
    OUT database_oid      oid
)
RETURNS record
LANGUAGE sql
STABLE
-- SECURITY DEFINER since only superusers may see data_directory; the caller gets a digest, enough to compare.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- The timeline is read off the WAL being written: after a promotion the control file lags behind it.
    SELECT s.system_identifier,
           ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer,
           encode(sha256(convert_to(current_setting('data_directory'), 'UTF8')), 'hex'),
           d.oid
    FROM pg_control_system() s
    CROSS JOIN pg_database d
    WHERE d.datname = current_database();
$function$;

REVOKE ALL ON FUNCTION sffdw.cluster_identity() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sffdw.cluster_identity() TO PUBLIC;

COMMENT ON FUNCTION sffdw.cluster_identity() IS
    'Return what tells this server and database from their clones: system identifier, timeline, a digest of the data '
    'directory, and the database''s oid.';

COMMIT;
