-- Deploy sffdw:functions/refuse_superuser to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.refuse_superuser(owner_role name DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'must not be run as superuser'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('Role "%s" is a superuser, and triggers on mapped tables would run as it.',
                                  current_user),
                  HINT = CASE
                      WHEN owner_role IS NULL THEN 'Run SET ROLE to the role that is to own the connection first.'
                      ELSE format('Run SET ROLE %I first.', owner_role)
                  END;
    END IF;
END
$function$;

COMMENT ON FUNCTION sffdw.refuse_superuser(name) IS
    'Stop a superuser: what fires an app''s triggers must not do so with a superuser''s rights. '
    'Raises insufficient_privilege.';

COMMIT;
