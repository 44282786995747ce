-- Deploy sffdw:triggers/await to pg
-- requires: functions/fit_name

BEGIN;

\ir ../../../triggers/await.sql

COMMIT;
