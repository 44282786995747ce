"""A custom object for tests with clients, and what the org holds of it."""

import json
from typing import Any

from tests.integration.sandbox.conftest import Process

GADGET = {
    "name": "Gadget__c",
    "fields": [
        {"name": "Key__c", "type": "string", "length": 40, "external_id": True, "unique": True},
        {"name": "Size__c", "type": "double", "precision": 10, "scale": 2},
        {"name": "Color__c", "type": "string", "length": 20},
        {"name": "Made__c", "type": "datetime"},
        {"name": "Is_Sold__c", "type": "boolean"},
    ],
}


def stored(process: Process, name: str, fields: str, **params: str) -> list[dict[str, Any]]:
    """Return what the org holds, by Id, as the control plane shows it."""
    query = "&".join(f"{key}={value}" for key, value in {"fields": fields, **params}.items())
    reply = process.session.get(f"{process.url}/_sandbox/records/{name}?{query}", headers={"Authorization": ""})
    assert reply.status_code == 200, reply.text
    return [json.loads(line) for line in reply.text.splitlines()]
