-- Deploy sffdw:triggers/capture to pg
-- requires: triggers/logger
-- requires: triggers/status
-- requires: triggers/truncated

BEGIN;

\ir ../../../triggers/capture.sql

COMMIT;
