-- Deploy sffdw:functions/change_channel to pg
-- requires: functions/fit_name

BEGIN;

CREATE FUNCTION sffdw.change_channel(schema_name name, table_name name)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sffdw.fit_name(format('%s.%s', schema_name, table_name))::text;
$function$;

COMMENT ON FUNCTION sffdw.change_channel(name, name) IS
    'Return the channel on which changes of a local table that came from Salesforce are notified: <schema>.<table>, '
    'shortened where that is longer than a channel''s name may be.';

COMMIT;
