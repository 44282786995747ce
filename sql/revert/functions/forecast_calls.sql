-- Revert sffdw:functions/forecast_calls from pg

BEGIN;

DROP FUNCTION sffdw.check_forecast(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.longer_interval(sffdw.connection, sffdw.mapping, bigint);
DROP FUNCTION sffdw.describe_excess(sffdw.connection);
DROP FUNCTION sffdw.learn_limit(sffdw.connection);
DROP FUNCTION sffdw.forecast_calls(text);
DROP FUNCTION sffdw.forecast_connection(sffdw.connection);
DROP FUNCTION sffdw.mapping_calls(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.forecast_mapping(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.event_polls(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.poll_pages(sffdw.connection, sffdw.mapping);
DROP TYPE sffdw.call_forecast;
DROP FUNCTION sffdw.call_budget(sffdw.connection);

COMMIT;
