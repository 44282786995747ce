-- Deploy sffdw:triggers/logger to pg
-- requires: functions/fit_name

BEGIN;

\ir ../../../triggers/logger.sql

COMMIT;
