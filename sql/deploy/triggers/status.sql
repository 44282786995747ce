-- Deploy sffdw:triggers/status to pg
-- requires: functions/fit_name

BEGIN;

\ir ../../../triggers/status.sql

COMMIT;
