-- Deploy sffdw:functions/describe_state to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.describe_state(state text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(s.words, state)
    FROM (VALUES
        ('DATA_SYNCED', 'OK'),
        ('INITIAL', 'Creating'),
        ('RESYNC', 'Loading new columns'),
        ('RELOAD_TABLE', 'Reloading'),
        ('SCHEMA_CHANGED', 'Altering DB schema'),
        ('POLLING_SF_CHANGES', 'Polling SF'),
        ('POLLING_SF_BULK', 'Polling SF [bulk]'),
        ('POLLING_SF_FOR_DELETES', 'Polling SF [deletes]'),
        ('WAIT_BULK_LOAD', 'Waiting for bulk job'),
        ('LOADING_BULK_JOB', 'Loading bulk results')
    ) AS s (state, words)
    RIGHT JOIN (SELECT) AS one ON s.state = describe_state.state;
$function$;

COMMENT ON FUNCTION sffdw.describe_state(text) IS
    'Return the words Heroku Connect''s dashboard has for a mapping state, or the state itself.';

COMMIT;
