-- Verify sffdw:tables/deferred_attempt on pg

BEGIN;

SELECT tried_at
FROM sffdw.deferred_record
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_constraint
            WHERE conrelid = 'sffdw.deferred_record'::pg_catalog.regclass AND conname = 'deferred_record_reason_known'),
        'only known reasons';
END
$do$;

ROLLBACK;
