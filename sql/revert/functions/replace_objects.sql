-- Revert sffdw:functions/replace_objects from pg

BEGIN;

DROP FUNCTION sffdw.restore_objects(sffdw.connection);
DROP FUNCTION sffdw.restore_privileges(sffdw.connection, sffdw.replaced_object);
DROP FUNCTION sffdw.remember_objects(sffdw.connection, name, name[], name[]);
DROP FUNCTION sffdw.is_own_function(oid);

COMMIT;
