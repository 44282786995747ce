"""The one place where exceptions of simple-salesforce, requests and the sockets below them become ours."""

from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError as PoolError
from urllib3.exceptions import NewConnectionError

from sffdw.answers import refused
from sffdw.errors import Error, RequestError, printable
from sffdw.options import Settings
from sffdw.simple import SalesforceError

FOREIGN = (requests.RequestException, SalesforceError, PoolError, OSError)


def failure(exc: Exception, settings: Settings) -> Error:
    """The error for an exception of simple-salesforce, requests or the sockets below them."""
    if isinstance(exc, SalesforceError):
        return refused(exc.status, exc.content)
    host = urlsplit(str(getattr(getattr(exc, "request", None), "url", "") or settings.login_url)).netloc
    if isinstance(exc, requests.exceptions.SSLError):
        return RequestError(f'could not establish a secure connection to "{host}"', detail=f"{printable(_root(exc))}.",
                            hint="Check login_url, and ca_file if the host's certificate has a private issuer.")
    if isinstance(exc, requests.exceptions.ConnectTimeout) or _is_unconnected(exc):
        return RequestError(f'could not connect to "{host}"', detail=f"{printable(_root(exc))}.",
                            hint="Check login_url and that this server may reach that host.", reason="unreachable",
                            is_transient=True)
    if isinstance(exc, requests.exceptions.Timeout | TimeoutError):
        return RequestError(f'no answer from "{host}" within {settings.read_timeout:g} s',
                            hint="Repeat the statement, or raise the server option read_timeout.", reason="timeout",
                            is_transient=True, is_in_doubt=True)
    return RequestError(f'the connection to "{host}" was cut', detail=f"{type(exc).__name__}.",
                        hint="Repeat the statement.", reason="cut", is_transient=True, is_in_doubt=True)


def _root(exc: BaseException) -> str:
    """The innermost reason, without the URL that outer layers put around it."""
    while exc.__cause__ is not None or exc.__context__ is not None:
        exc = exc.__cause__ or exc.__context__ or exc
    return getattr(exc, "strerror", None) or type(exc).__name__


def _is_unconnected(exc: BaseException) -> bool:
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    return isinstance(reason, NewConnectionError) or isinstance(exc, NewConnectionError)
