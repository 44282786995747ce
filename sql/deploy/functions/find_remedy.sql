-- Deploy sffdw:functions/find_remedy to pg
-- requires: schema

BEGIN;

CREATE FUNCTION sffdw.find_remedy(status_code text, message text DEFAULT NULL)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Salesforce gives the code of a missing field to a missing record too.
    SELECT CASE
        WHEN message LIKE 'Foreign key external ID: %' THEN
            'No record has the external id that the relationship column names: make it or correct the column, then run '
            'sffdw.retry.'
        ELSE coalesce(r.remedy, 'Correct the row, then run sffdw.retry.')
    END
    FROM (VALUES
        ('REQUIRED_FIELD_MISSING', 'Map the fields named if they are not, set them, then run sffdw.retry.'),
        ('STRING_TOO_LONG', 'Shorten the value, then run sffdw.retry.'),
        ('FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Correct the row to satisfy the validation rule, then run sffdw.retry.'),
        ('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'Use one of the picklist''s values, then run sffdw.retry.'),
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
        ('INACTIVE_OWNER_OR_USER', 'The owner is inactive: set ownerid to an active user, then run sffdw.retry.'),
        ('OP_WITH_INVALID_USER_TYPE_EXCEPTION', 'The owner is inactive: set ownerid to an active user.'),
        ('UNABLE_TO_LOCK_ROW', 'Another process held the record: run sffdw.retry.'),
        ('STORAGE_LIMIT_EXCEEDED', 'The org''s storage is full.'),
        ('FIELD_INTEGRITY_EXCEPTION',
         'The value does not fit the field or what depends on it: correct it, then run sffdw.retry.'),
        ('FIELD_FILTER_VALIDATION_EXCEPTION',
         'The record referred to does not meet the lookup''s filter: choose another one.'),
        ('NUMBER_OUTSIDE_VALID_RANGE',
         'The number is too large for the field: correct it, then run sffdw.retry.'),
        ('INVALID_EMAIL_ADDRESS', 'Correct the address, then run sffdw.retry.'),
        ('INVALID_TYPE_ON_FIELD_IN_RECORD',
         'The field has another type in Salesforce: run sffdw.refresh_schema, then sffdw.retry.'),
        ('JSON_PARSER_ERROR',
         'A value has another form than the field''s type: run sffdw.refresh_schema, then sffdw.retry.'),
        ('INVALID_TYPE', 'The object is gone from Salesforce, or hidden from the integration user.'),
        ('NOT_FOUND', 'The record or its external id field is gone, or hidden from the integration user.'),
        ('MISSING_ARGUMENT', 'The record''s Id or external id is missing: run sffdw.retry once it has one.'),
        ('INVALID_ID_FIELD', 'The row''s sfid is no Id of this object: correct or delete the row.'),
        ('DUPLICATE_EXTERNAL_ID',
         'Several records have this external id: merge them in Salesforce, then run sffdw.retry.'),
        ('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
         'Automation in Salesforce failed, see the message: have it corrected, then run sffdw.retry.'),
        ('CANNOT_EXECUTE_FLOW_TRIGGER',
         'A flow in Salesforce failed, see the message: have it corrected, then run sffdw.retry.'),
        ('APEX_ERROR', 'Code in Salesforce failed, see the message: have it corrected, then run sffdw.retry.'),
        ('UNKNOWN_EXCEPTION',
         'Salesforce itself failed: run sffdw.retry; if it fails again, its support can look up the ErrorId.'),
        ('CANNOT_UPDATE_CONVERTED_LEAD', 'The lead was converted: change the account, contact or opportunity instead.'),
        ('INVALID_STATUS', 'The record''s state does not allow this change: see the message.'),
        ('INVALID_OPERATION', 'The org or the record''s state does not allow this: see the message.'),
        ('INVALID_PERSON_ACCOUNT_OPERATION',
         'The field belongs to the other half of a person account: write it there.'),
        ('API_DISABLED_FOR_ORG',
         'The org''s edition or the user''s profile lacks API access: grant it; the change is sent again by itself.'),
        ('API_CURRENTLY_DISABLED', 'Salesforce has switched the API off for a while: the change is sent again by itself.'),
        ('UNREADABLE', 'Something that is not the Salesforce API answered, see the message, to this change again and again '
                       'while others were accepted: look at proxies and at the change''s values, then run sffdw.retry.'),
        ('TIMEOUT', 'Salesforce took too long over this change again and again: see what automation it starts, or raise the '
                    'server option read_timeout, then run sffdw.retry.'),
        ('CUT', 'The connection broke at this change again and again while others were accepted: look at proxies and at the '
                'change''s size, then run sffdw.retry.'),
        ('FUNCTIONALITY_NOT_ENABLED', 'The feature is not switched on in the org: switch it on, then run sffdw.retry.'),
        ('REQUEST_LIMIT_EXCEEDED', 'The org''s API calls are used up: the change is sent when there are calls again.'),
        ('TXN_SECURITY_METERING_ERROR',
         'Salesforce is measuring its security policies: the change is sent again by itself.'),
        ('SERVER_UNAVAILABLE',
         'Salesforce was out of reach for this change while it accepted others: run sffdw.retry.'),
        ('ALL_OR_NONE_OPERATION_ROLLED_BACK', 'Another record of the same request was rejected: correct that one.'),
        ('PROCESSING_HALTED', 'Another part of the same request was rejected: correct that one, then run sffdw.retry.'),
        ('LIMIT_EXCEEDED', 'A limit of the org was reached, see the message: run sffdw.retry once there is room.'),
        ('IN_DOUBT', 'Look at the records named: if one of them is the row''s, delete the row here, the record has one of its '
                     'own; else run sffdw.retry.'),
        ('NOT_MAPPED',
         'The table is not mapped any more: map its object, then run sffdw.retry, or dismiss the change.'),
        ('NOT_IN_SALESFORCE', 'The row''s INSERT was rejected or dismissed: correct the row, then run sffdw.retry for all '
                              'of its changes; after a dismissed INSERT it is sent as a new record.'),
        ('UNREADABLE_ENTRY',
         'An entry was written or changed by hand: write values and old as hstore text. sffdw.retry sends the row as it '
         'stands.'),
        ('INVALID_VALUE', 'Salesforce has no such value: correct the row, then run sffdw.retry.'),
        ('DELETE_FAILED', 'Other records depend on this one: delete those first.')
    ) AS r (status_code, remedy)
    RIGHT JOIN (SELECT) AS one ON r.status_code = find_remedy.status_code;
$function$;

COMMENT ON FUNCTION sffdw.find_remedy(text, text) IS
    'Return what to do about a write that Salesforce rejected with this code and message.';

COMMIT;
