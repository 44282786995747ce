-- Deploy sffdw:triggers/capture to pg
-- requires: triggers/logger
-- requires: triggers/status

BEGIN;

\ir ../../../triggers/capture.sql

COMMIT;
