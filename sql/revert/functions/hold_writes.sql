-- Revert sffdw:functions/hold_writes from pg

BEGIN;

DROP FUNCTION sffdw.held_filter(sffdw.connection);
DROP FUNCTION sffdw.keep_sendable(sffdw.connection, integer[]);
DROP FUNCTION sffdw.hold_writes(sffdw.connection);
DROP FUNCTION sffdw.held_tables(integer);
DROP FUNCTION sffdw.judge_writes(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.weigh_writes(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.lock_hold(integer);
DROP FUNCTION sffdw.holds_writes(integer);
DROP FUNCTION sffdw.forget_release(sffdw.connection, sffdw.write_release);
DROP FUNCTION sffdw.end_hold(sffdw.mapping);
DROP FUNCTION sffdw.tell_hold(sffdw.mapping, bigint, text);
DROP FUNCTION sffdw.enter_hold(sffdw.connection, sffdw.mapping, sffdw.write_release, sffdw.unsent_count, text);

COMMIT;
