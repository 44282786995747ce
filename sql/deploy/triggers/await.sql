-- Deploy sffdw:triggers/await to pg
-- requires: functions/fit_name
-- requires: functions/own_function

BEGIN;

\ir ../../../triggers/await.sql

COMMIT;
