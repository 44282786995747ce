\echo Use "CREATE EXTENSION multicorn" to load this file. \quit

CREATE FUNCTION multicorn_handler()
    RETURNS fdw_handler
    LANGUAGE c
    STRICT
    AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION multicorn_handler() IS
    'Gives PostgreSQL the routines of the multicorn foreign data wrapper.';

CREATE FUNCTION multicorn_validator(options text[], catalog oid)
    RETURNS void
    LANGUAGE c
    STRICT
    AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION multicorn_validator(text[], oid) IS
    'Checks the options of one server, user mapping, table or column. Raises fdw_invalid_option_name and the errors of the wrapper''s validate_options.';

CREATE FOREIGN DATA WRAPPER multicorn
    HANDLER multicorn_handler
    VALIDATOR multicorn_validator;

COMMENT ON FOREIGN DATA WRAPPER multicorn IS
    'Foreign tables whose rows come from a Python class, named by the server option "wrapper".';
