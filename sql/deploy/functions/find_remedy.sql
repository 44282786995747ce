-- Deploy sffdw:functions/find_remedy to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.find_remedy(status_code text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(r.remedy, 'Correct the row, then capture it again.')
    FROM (VALUES
        ('REQUIRED_FIELD_MISSING', 'Map the fields named, set them, and capture the row again.'),
        ('STRING_TOO_LONG', 'Shorten the value, then capture the row again.'),
        ('FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Correct the row to satisfy the validation rule, then capture it again.'),
        ('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'Use one of the picklist''s values, then capture the row again.'),
        ('DUPLICATE_VALUE', 'Another record has this value: if it is the same one, a lost answer made it, and the next '
                            'poll brings it; else change the value.'),
        ('DUPLICATES_DETECTED', 'A duplicate rule found a likely twin: merge them, or change the row.'),
        ('ENTITY_IS_DELETED', 'The record is in the recycle bin: undelete it in Salesforce, or delete the row here.'),
        ('INVALID_CROSS_REFERENCE_KEY', 'A lookup names a record that does not exist or is of another type.'),
        ('MALFORMED_ID', 'A lookup holds no Salesforce Id.'),
        ('INSUFFICIENT_ACCESS_OR_READONLY', 'Give the integration user the right to edit this object and record.'),
        ('INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY',
         'Give the integration user access to the record referred to.'),
        ('INVALID_FIELD_FOR_INSERT_UPDATE', 'The integration user may not write the field: grant it, or leave it out '
                                            'with writable_fields.'),
        ('INVALID_FIELD', 'The field named is gone from Salesforce, or hidden from the integration user: polls leave it out '
                          'from now on. Run sffdw.retry to send the rest; sffdw.alter_mapping(…, drop_fields => …) '
                          'drops its column, rename_fields follows a new name.'),
        ('INACTIVE_OWNER_OR_USER', 'The owner is inactive: set ownerid to an active user, then capture the row again.'),
        ('OP_WITH_INVALID_USER_TYPE_EXCEPTION', 'The owner is inactive: set ownerid to an active user.'),
        ('UNABLE_TO_LOCK_ROW', 'Another process held the record: capture the row again.'),
        ('STORAGE_LIMIT_EXCEEDED', 'The org''s storage is full.'),
        ('DELETE_FAILED', 'Other records depend on this one: delete those first.')
    ) AS r (status_code, remedy)
    RIGHT JOIN (SELECT) AS one ON r.status_code = find_remedy.status_code;
$function$;

COMMENT ON FUNCTION sffdw.find_remedy(text) IS
    'Return what to do about a write that Salesforce rejected with this code.';

COMMIT;
