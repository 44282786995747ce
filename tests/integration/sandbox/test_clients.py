"""simple-salesforce, unmodified, over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceResourceNotFound

from tests.integration.sandbox.conftest import Process, start_process


@pytest.fixture(scope="module")
def process(certificate: tuple[Path, Path]) -> Iterator[Process]:
    cert, key = certificate
    running = start_process(["--tls", str(cert), str(key), "--rows", "Account=2500"])
    running.session.verify = str(cert)
    yield running
    assert running.stop() == 0
    assert running.popen.stdout is not None
    running.popen.stdout.close()


@pytest.fixture
def client(process: Process) -> Iterator[Salesforce]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = process.session.verify
        token = process.login()
        yield Salesforce(
            instance=process.url.removeprefix("https://"), session_id=token, session=session, version="62.0"
        )


def test_query_all_follows_every_page(client: Salesforce) -> None:
    answer = client.query_all("SELECT Id, Name FROM Account ORDER BY Id")
    assert answer["totalSize"] == len(answer["records"]) == 2500
    assert len({record["Id"] for record in answer["records"]}) == 2500


def test_records_live_and_die(client: Salesforce) -> None:
    made = client.Contact.create({"LastName": "Smith", "Email": "smith@example.com"})
    assert made["success"] is True
    assert client.Contact.update(made["id"], {"FirstName": "Ann"}) == 204
    assert client.Contact.get(made["id"])["Name"] == "Ann Smith"
    assert client.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Contact.get(made["id"])


def test_metadata_and_limits(client: Salesforce) -> None:
    names = {entry["name"] for entry in client.describe()["sobjects"]}
    assert {"Account", "Contact", "Opportunity"} <= names
    assert client.Account.describe()["keyPrefix"] == "001"
    assert client.limits()["DailyApiRequests"]["Remaining"] > 0


def test_refusals_become_its_exceptions(client: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.query("SELECT Nothing FROM Account")
    assert caught.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.Contact.create({"FirstName": "nobody"})
    assert caught.value.content[0]["fields"] == ["LastName"]


def test_deleted_and_updated(client: Salesforce) -> None:
    import datetime

    made = client.Lead.create({"LastName": "L", "Company": "C"})["id"]
    client.Lead.delete(made)
    now = datetime.datetime.now(datetime.UTC)
    window = (now - datetime.timedelta(hours=1), now + datetime.timedelta(minutes=2))
    assert [row["id"] for row in client.Lead.deleted(*window)["deletedRecords"]] == [made]
    assert client.Lead.updated(*window)["ids"] == []
