"""Plays every login of simple-salesforce and prints as JSON what each session sees.

Two ways to make Salesforce's own names lead to the sandbox. `names`: in network and mount namespaces of its own this
program is the whole internet, with /etc/hosts naming the sandbox and the sandbox on port 443; the client stays as it
is. `adapter`: one requests adapter reroutes what is meant for those names.

Arguments: the way, and as JSON {"certificate", "key": paths, "config": path, "jwt_key": PEM, "jwt_public_key": PEM}.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from tests.integration.sandbox.conftest import Process, start_process
from tests.integration.sandbox.rerouting import Rerouted

INSTANCE = "acme.my.salesforce.com"
HOSTS = f"127.0.0.1 localhost login.salesforce.com test.salesforce.com {INSTANCE}\n"
Login = Callable[..., Salesforce]


def rename(hosts: Path) -> None:
    """Let the names lead here, in this namespace only."""
    hosts.write_text(HOSTS)
    for command in (["ip", "link", "set", "lo", "up"], ["mount", "--bind", str(hosts), "/etc/hosts"]):
        subprocess.run(command, check=True)


def start(way: str, given: dict[str, str]) -> tuple[Process, Login]:
    """Start the sandbox, and tell how a client is made."""
    arguments = ["--seed", "6", "--speed", "instant", "--config", given["config"], "--rows", "Account=4100"]
    if way == "adapter":
        process = start_process(arguments)
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", Rerouted(process.url))
        return process, lambda **login: Salesforce(session=session, **login)
    rename(Path(given["config"]).with_name("hosts"))
    process = start_process(["--port", "443", "--tls", given["certificate"], given["key"], *arguments])
    process.session.verify = given["certificate"]
    return process, Salesforce  # REQUESTS_CA_BUNDLE makes it trust the sandbox


def logins(process: Process, jwt_key: str) -> dict[str, dict[str, Any]]:
    """List the arguments of each login."""
    known = process.control("GET", "/")["credentials"]
    secret = known["password"] + known["security_token"]
    person = {"username": known["username"], "password": secret}
    app = {"consumer_key": known["client_id"], "consumer_secret": known["client_secret"]}
    org_id = process.control("GET", "/")["org_id"]
    return {
        "soap": {**person, "password": known["password"], "security_token": known["security_token"]},
        "soap at test": {**person, "password": secret, "security_token": "", "domain": "test"},
        "organization": {**person, "organizationId": org_id},
        "password": {**person, **app},
        "client credentials": {**app, "domain": "acme.my"},
        "jwt": {"username": known["username"], "consumer_key": known["client_id"], "privatekey": jwt_key},
    }


def see(process: Process, client: Salesforce) -> dict[str, Any]:
    """Tell what a session sees, and what when it has died and been renewed."""
    soql = "SELECT Id, Name FROM Account ORDER BY Id"
    read = client.query_all(soql)["records"]
    [user] = client.query(f"SELECT Username FROM User WHERE Id = '{client.oauth2('userinfo')['user_id']}'")["records"]
    first = client.session_id
    process.control("POST", "/sessions/expire", {})
    count = client.query("SELECT COUNT() FROM Account")["totalSize"]
    return {
        "instance": client.sf_instance,
        "username": user["Username"],
        "rows": [[record["Id"], record["Name"]] for record in read],
        "count": count,
        "is_renewed": client.session_id != first,
    }


def refusal(login: Login, **arguments: Any) -> list[Any]:
    """Return code and message of a login that fails."""
    try:
        login(**arguments)
    except SalesforceAuthenticationFailed as error:
        return [error.code, error.auth_message]
    raise SystemExit(f"a login that is wrong went through: {sorted(arguments)}")


def play(process: Process, login: Login, jwt_key: str, stranger_key: str) -> dict[str, Any]:
    """Play all logins, and each once more with something wrong."""
    table = logins(process, jwt_key)
    seen = {name: see(process, login(**arguments)) for name, arguments in table.items()}
    wrong = {
        "soap": {"password": "wrong"},
        "organization": {"organizationId": "00D000000000000AAA"},
        "password": {"password": "wrong"},
        "client credentials": {"consumer_secret": "wrong"},
        "jwt": {"privatekey": stranger_key},
    }
    refused = {name: refusal(login, **{**table[name], **change}) for name, change in wrong.items()}
    reply = process.session.get(f"{process.url}/_sandbox/records/Account?fields=Name")
    rows = [json.loads(line) for line in reply.text.splitlines()]
    return {"seen": seen, "refused": refused, "stored": [[row["Id"], row["Name"]] for row in rows]}


def main() -> None:
    """Play in the way that is asked for."""
    way, given = sys.argv[1], json.loads(sys.argv[2])
    process, login = start(way, given)
    known = process.control("GET", "/")["credentials"]
    process.control("PUT", f"/users/{known['username']}", {"certificate": given["jwt_public_key"]})
    answer = play(process, login, given["jwt_key"], given["stranger_key"])
    process.stop()
    print(json.dumps({**answer, "username": known["username"]}))


if __name__ == "__main__":
    main()
