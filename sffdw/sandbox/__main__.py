"""`python -m sffdw.sandbox`: start an org and serve it until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from sffdw.sandbox.org import Credentials, Options, Org
from sffdw.sandbox.population import populate, read_rows
from sffdw.sandbox.server import HOST, POOL, make_app, tls_context


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sffdw.sandbox", description="A Salesforce org on localhost.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="serve https with this certificate and key")
    parser.add_argument("--load", action="append", default=[], metavar="PATH", help="load definitions and records")
    parser.add_argument("--rows", action="append", default=[], metavar="OBJECT=N", help="generate records")
    parser.add_argument("--seed", type=int, help="seed of ids, credentials and generated records")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep the org in this file")
    parser.add_argument("--speed", choices=("real", "instant"), default="real", help="how long asynchronous jobs take")
    parser.add_argument(
        "--auto-schema", action="store_true", help="make unknown objects and fields when they are named"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON with credentials and switches")
    return parser.parse_args(arguments)


def read_options(arguments: argparse.Namespace) -> Options:
    """Combine command line, configuration file and environment."""
    config: dict[str, Any] = json.loads(arguments.config.read_text()) if arguments.config else {}
    credentials = {**config.get("credentials", {}), **Credentials.from_environment()}
    return Options(
        store=arguments.store,
        seed=arguments.seed,
        load=tuple(str(Path(path).resolve()) for path in arguments.load),
        rows=read_rows(arguments.rows),
        org_id=config.get("org_id"),
        speed=arguments.speed,
        auto_schema=arguments.auto_schema,
        credentials=credentials,
        switches=config.get("switches", {}),
    )


async def serve(org: Org, arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    app = make_app(org)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    context = tls_context(*arguments.tls) if arguments.tls else None
    site = web.TCPSite(runner, arguments.host, arguments.port, ssl_context=context)
    await site.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"sandbox: ready {address(runner, bool(context), arguments.host)} pid={os.getpid()}", flush=True)
    await stop.wait()
    await runner.cleanup()
    app[POOL].shutdown(wait=True)
    app[HOST].org.close()


def address(runner: web.AppRunner, is_tls: bool, host: str) -> str:
    """Return the URL the server listens on."""
    port = runner.addresses[0][1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{'https' if is_tls else 'http'}://{shown}:{port}"


def main() -> int:
    """Run the command."""
    arguments = read_arguments(sys.argv[1:])
    try:
        options = read_options(arguments)
        org = Org(options)
        if org.is_new:
            populate(org, options.load, options.rows)
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    asyncio.run(serve(org, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
