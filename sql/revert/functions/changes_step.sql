-- Revert sffdw:functions/changes_step from pg

BEGIN;

DROP FUNCTION sffdw.changes_step(integer, timestamptz);
DROP FUNCTION sffdw.may_follow(integer);
DROP FUNCTION sffdw.record_changes_error(integer, jsonb);
DROP FUNCTION sffdw.follow_changes(sffdw.connection, double precision);
DROP FUNCTION sffdw.add_notices(sffdw.connection, sffdw.change_event[]);
DROP FUNCTION sffdw.read_change_events(sffdw.connection, bigint, double precision);
DROP TYPE sffdw.change_event;

COMMIT;
