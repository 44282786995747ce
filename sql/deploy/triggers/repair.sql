-- Deploy sffdw:triggers/repair to pg
-- requires: schema

BEGIN;

\ir ../../../triggers/repair.sql

COMMIT;
