-- Deploy sffdw:functions/own_function to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.own_function(signature text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format($condition$EXISTS (
                SELECT
                FROM pg_proc p
                JOIN pg_roles r ON r.oid = p.proowner
                WHERE p.oid = to_regprocedure(%L)
                AND (r.rolsuper OR r.rolname = current_user)
            )$condition$, signature);
$function$;

COMMENT ON FUNCTION sffdw.own_function(text) IS
    'Return the condition under which a trigger function that outlives the extension may call a function of it: it is '
    'there, and a superuser or the trigger function''s owner has put it there. What another role makes in schema sffdw '
    'after the extension was dropped would run as that owner.';

COMMIT;
