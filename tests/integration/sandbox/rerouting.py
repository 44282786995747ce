"""The adapter that leads requests for Salesforce's hosts to a process."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter


class Rerouted(HTTPAdapter):
    """Sends what is meant for Salesforce's hosts to a process, which still sees the host that was meant."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        request.url = self.url + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *arguments, **options)
