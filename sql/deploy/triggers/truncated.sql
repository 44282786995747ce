-- Deploy sffdw:triggers/truncated to pg
-- requires: functions/fit_name
-- requires: functions/note_truncate

BEGIN;

\ir ../../../triggers/truncated.sql

COMMIT;
