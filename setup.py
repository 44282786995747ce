"""Packaging of the Python side: the wrapper, its system tables and the sandbox.

The package `multicorn` is not ours to install here: it belongs to the host (host/ or multicorn2) and is put beside
this one by `make install`.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
CONTROL = (ROOT / "sffdw.control").read_text(encoding="utf-8")
VERSION = re.search(r"^default_version = '([^']+)'", CONTROL, re.MULTILINE)
if VERSION is None:
    raise SystemExit("sffdw.control names no default_version")

setup(
    name="sffdw",
    version=VERSION.group(1),
    description="A Salesforce org as a part of PostgreSQL: foreign tables, synchronised local tables, write-back",
    license="PostgreSQL",
    python_requires=">=3.11",
    packages=find_packages(include=["sffdw", "sffdw.*"]),
    package_data={"sffdw": ["py.typed", "**/*.lark", "**/*.json"]},
    install_requires=["simple-salesforce>=1.12.6,<2"],
    extras_require={
        "sandbox": ["aiohttp>=3.9,<4", "lark>=1.1,<2", "cryptography", "PyJWT>=2"],
        "test": ["psycopg[binary]>=3.1,<4", "pytest>=8", "pytest-postgresql>=6", "pytest-timeout>=2",
                 "pytest-xdist>=3.7"],
        "lint": ["mypy>=1.8", "ruff>=0.5", "types-requests"],
    },
)
