"""Every login of simple-salesforce: unmodified under Salesforce's own host names, or through a rerouting adapter."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).parents[4]
WORLD = "tests.integration.sandbox.simple.world"
INSTANCE = "acme.my.salesforce.com"
# Where each login leads: client credentials and the rest of them to My Domain, however they came in.
LOGINS = ("soap", "soap at test", "organization", "password", "client credentials", "jwt")


def can_rename() -> bool:
    """Whether this user may have namespaces of their own, and set a network up in them."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "-n", "-m", "ip", "link", "set", "lo", "up"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def pem_of(key: rsa.RSAPrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@pytest.fixture(scope="module", params=["names", "adapter"])
def seen(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What all logins saw, and how wrong ones were refused."""
    if request.param == "names" and not can_rename():
        pytest.skip("network and mount namespaces need root, unshare and ip")
    config = tmp_path_factory.mktemp("world") / "config.json"
    config.write_text(json.dumps({"switches": {"my_domain": f"https://{INSTANCE}"}}))
    key, stranger = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    given = {
        "certificate": str(certificate[0]),
        "key": str(certificate[1]),
        "config": str(config),
        "jwt_key": pem_of(key),
        "jwt_public_key": public.decode(),
        "stranger_key": pem_of(stranger),
    }
    alone = ["unshare", "-n", "-m"] if request.param == "names" else []
    done = subprocess.run(
        [*alone, sys.executable, "-W", "error", "-m", WORLD, request.param, json.dumps(given)],
        env={**os.environ, "REQUESTS_CA_BUNDLE": given["certificate"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("login", LOGINS)
def test_every_login_reads_every_row_and_renews_its_session(seen: dict[str, Any], login: str) -> None:
    assert len(seen["stored"]) == 4100
    assert seen["seen"][login] == {
        "instance": INSTANCE,
        "username": seen["username"],
        "rows": seen["stored"],
        "count": 4100,
        "is_renewed": True,
    }


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("soap", "INVALID_LOGIN"),
        ("organization", "INVALID_LOGIN"),
        ("password", "invalid_grant"),
        ("client credentials", "invalid_client"),
        ("jwt", "invalid_grant"),
    ],
)
def test_every_login_is_refused_when_something_is_wrong(seen: dict[str, Any], login: str, code: str) -> None:
    assert seen["refused"][login][0] == code
