-- Deploy sffdw:functions/fit_name to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.fit_name(wanted text)
RETURNS name
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN octet_length(wanted) <= 63 THEN wanted
        ELSE left(wanted, 54) || '_' || left(md5(wanted), 8)
    END::name;
$function$;

COMMENT ON FUNCTION sffdw.fit_name(text) IS
    'Return an identifier as it is, or shortened to 63 bytes with a digest of the whole so that two never collide.';

COMMIT;
