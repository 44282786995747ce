"""A schema as Heroku Connect leaves it, by its contract; the bodies of its functions are made up."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.integration.sync.org import Org, Session

LOG = """
    id integer NOT NULL DEFAULT nextval('salesforce._trigger_log_id_seq'), txid bigint,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), processed_at timestamptz,
    processed_tx bigint, state varchar(8), action varchar(7), table_name varchar(128), record_id integer,
    sfid varchar(18), old text, "values" text, sf_result integer, sf_message text"""
SCHEMA = f"""
CREATE SCHEMA salesforce;
CREATE SEQUENCE salesforce._trigger_log_id_seq AS integer;
CREATE TABLE salesforce._trigger_log ({LOG}, CONSTRAINT _trigger_log_pkey PRIMARY KEY (id));
ALTER SEQUENCE salesforce._trigger_log_id_seq OWNED BY salesforce._trigger_log.id;
CREATE INDEX _trigger_log_idx_state_id ON salesforce._trigger_log (state, id);
CREATE TABLE salesforce._trigger_log_archive (LIKE salesforce._trigger_log);
ALTER TABLE salesforce._trigger_log_archive ADD CONSTRAINT _trigger_log_archive_pkey PRIMARY KEY (id);
CREATE TABLE salesforce._hcmeta (id serial PRIMARY KEY, hcver integer, org_id varchar(50), details text);
CREATE FUNCTION salesforce.tlog_notify_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('salesforce.hc_trigger_log', 'ping');
  RETURN NEW;  -- theirs
END;
$$;
CREATE TRIGGER tlog_insert_trigger AFTER INSERT ON salesforce._trigger_log
FOR EACH ROW EXECUTE FUNCTION salesforce.tlog_notify_trigger();
CREATE FUNCTION salesforce.hc_capture_insert_from_row(source_row hstore, table_name varchar,
    excluded_cols text[] DEFAULT ARRAY[]::text[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION salesforce.hc_capture_update_from_row(source_row hstore, table_name varchar,
    columns_to_include text[] DEFAULT ARRAY[]::text[]) RETURNS integer LANGUAGE sql AS 'SELECT 2';
CREATE TABLE salesforce.account (
    createddate timestamp, isdeleted boolean, name varchar(255), phone varchar(40), annualrevenue double precision,
    external_id__c varchar(80), systemmodstamp timestamp, sfid varchar(18), id serial PRIMARY KEY,
    _hc_lastop varchar(32), _hc_err text);
CREATE UNIQUE INDEX hcu_idx_account_sfid ON salesforce.account (sfid);
CREATE UNIQUE INDEX hcu_idx_account_external_id__c ON salesforce.account (external_id__c);
CREATE INDEX hc_idx_account_systemmodstamp ON salesforce.account (systemmodstamp);
CREATE INDEX hc_idx_account_phone ON salesforce.account (phone);
CREATE FUNCTION salesforce.hc_account_logger() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE state text := 'NEW';  -- their own words
  BEGIN RETURN NULL; END
$$;
CREATE FUNCTION salesforce.hc_account_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
COMMENT ON FUNCTION salesforce.hc_account_status() IS 'theirs';
CREATE TRIGGER hc_account_logtrigger AFTER INSERT OR DELETE OR UPDATE ON salesforce.account
FOR EACH ROW WHEN (public.get_xmlbinary()::text = 'base64'::text) EXECUTE FUNCTION salesforce.hc_account_logger();
CREATE TRIGGER hc_account_status_trigger BEFORE INSERT OR UPDATE ON salesforce.account
FOR EACH ROW EXECUTE FUNCTION salesforce.hc_account_status();
"""
SWITCH = """
CREATE FUNCTION public.get_xmlbinary() RETURNS varchar LANGUAGE plpgsql AS $$
  DECLARE found varchar;
  BEGIN SELECT setting INTO found FROM pg_settings WHERE name = 'xmlbinary'; RETURN found; END
$$"""
CONFIG: dict[str, Any] = {
    "version": 1, "connection": {"name": "old", "features": {"poll_db_no_merge": True}},
    "mappings": [{"object_name": "Account", "config": {
        "access": "read_write", "sf_notify_enabled": False, "sf_polling_seconds": 120,
        "sf_max_daily_api_calls": 20000, "upsert_field": "External_Id__c", "revision": 3,
        "fields": {"Id": {}, "SystemModstamp": {}, "IsDeleted": {}, "CreatedDate": {}, "Name": {}, "Phone": {},
                   "AnnualRevenue": {}, "External_Id__c": {}},
        "indexes": {"Id": {"unique": True}, "Phone": {"unique": False}}}}]}


@dataclass
class Left:
    """What Heroku Connect left, and what it had of the org."""

    owner: Session
    org: Org
    records: list[str] = field(default_factory=list)

    def build(self, database: Session) -> None:
        """The schema, its rows taken from the org, stamped as they are there."""
        with database.transaction():
            database.execute(SWITCH)
        self.owner.execute(SCHEMA)
        for record in self.org.sandbox.records("Account"):
            self.records.append(record["Id"])
            self.owner.execute(
                "INSERT INTO salesforce.account (sfid, name, phone, systemmodstamp, createddate, isdeleted, "
                "_hc_lastop) VALUES (%s, %s, %s, %s::timestamptz AT TIME ZONE 'UTC', "
                "%s::timestamptz AT TIME ZONE 'UTC', false, 'SYNCED')",
                [record[name] for name in ("Id", "Name", "Phone", "SystemModstamp", "CreatedDate")])
        self.owner.execute("INSERT INTO salesforce._hcmeta (hcver, org_id, details) VALUES (7, %s, 'opaque')",
                           [self.org.sandbox.call("GET", "/")["org_id"]])

    def log(self, **columns: Any) -> None:
        """Enter an entry of the trigger log."""
        names = ", ".join(f'"{name}"' for name in columns)
        self.owner.execute(f"INSERT INTO salesforce._trigger_log ({names}) "
                           f"VALUES ({', '.join(['%s'] * len(columns))})", list(columns.values()))


def exported(**changes: Any) -> str:
    """The exported configuration, with keys of Account's mapping changed."""
    config = json.loads(json.dumps(CONFIG))
    config["mappings"][0]["config"] |= changes
    return json.dumps(config)
