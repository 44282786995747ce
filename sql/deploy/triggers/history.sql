-- Deploy sffdw:triggers/history to pg
-- requires: functions/fit_name
-- requires: tables/mapping_field

BEGIN;

\ir ../../../triggers/history.sql

COMMIT;
