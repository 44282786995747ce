"""Which requests are sent again, how often and after how long: one table, by what went wrong."""

from dataclasses import dataclass

from sffdw.errors import RequestError


@dataclass(frozen=True)
class RetryRule:
    """When the same request is sent again: by reason (see RequestError.reason), status or code.

    attempts counts the first one. is_for_writes: the request surely had no effect, so a change may be sent again too.
    """

    name: str
    attempts: int
    delay_s: float
    reasons: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    is_for_writes: bool = False

    def applies(self, error: RequestError, is_read: bool) -> bool:
        if not (is_read or self.is_for_writes):
            return False
        is_known = error.reason in self.reasons or error.code in self.codes
        return error.status in self.statuses or (error.is_transient and is_known)


RETRY_RULES = (
    RetryRule("unreachable host", 3, 0.2, reasons=frozenset(("unreachable",)), is_for_writes=True),
    RetryRule("refused at the edge", 5, 1.0, statuses=frozenset((406, 420, 429)), is_for_writes=True),
    RetryRule("too many at once", 5, 2.0, codes=frozenset(("REQUEST_LIMIT_EXCEEDED",)), is_for_writes=True),
    RetryRule("cut reply", 4, 0.3, reasons=frozenset(("cut",))),
    RetryRule("no answer", 2, 1.0, reasons=frozenset(("timeout",))),
    RetryRule("server error", 4, 0.5, statuses=frozenset((500, 502, 503, 504))),
    RetryRule("page instead of an answer", 3, 1.0, reasons=frozenset(("unreadable",))),
    RetryRule("slow query", 2, 1.0, codes=frozenset(("QUERY_TIMEOUT",))),
    RetryRule("locked row", 3, 0.5, codes=frozenset(("UNABLE_TO_LOCK_ROW",))),
)
