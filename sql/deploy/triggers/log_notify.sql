-- Deploy sffdw:triggers/log_notify to pg
-- requires: schema

BEGIN;

\ir ../../../triggers/log_notify.sql

COMMIT;
