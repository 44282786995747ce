-- Deploy sffdw:triggers/truncated to pg
-- requires: functions/fit_name
-- requires: functions/note_truncate
-- requires: functions/own_function

BEGIN;

\ir ../../../triggers/truncated.sql

COMMIT;
