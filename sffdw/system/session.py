"""`_session`: who we are, where, and what time it is there."""

import datetime as dt
from collections.abc import Iterable, Mapping

from sffdw.system.table import Row, SystemColumn, SystemTable


class SessionTable(SystemTable):
    name = "_session"
    expected_rows = 1
    columns = (
        SystemColumn("org_id", "text"), SystemColumn("user_id", "text"), SystemColumn("username", "text"),
        SystemColumn("instance_url", "text"), SystemColumn("api_version", "text"), SystemColumn("login_url", "text"),
        SystemColumn("server_time", "timestamp with time zone"), SystemColumn("api_used", "integer"),
        SystemColumn("api_limit", "integer"), SystemColumn("authenticated_at", "timestamp with time zone"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        session = self.connection.client.transport.identify()
        usage = self.connection.ledger.usage()
        server_time = self.connection.server_time()
        yield {
            "org_id": session.org_id or None, "user_id": session.user_id or None, "username": session.username or None,
            "instance_url": session.instance_url, "api_version": self.connection.settings.api_version,
            "login_url": self.connection.settings.login_url, "server_time": server_time.isoformat(),
            "api_used": usage.used if usage else None, "api_limit": usage.limit if usage else None,
            "authenticated_at": dt.datetime.fromisoformat(session.authenticated_at).isoformat()
            if session.authenticated_at else None}


TABLE = SessionTable
