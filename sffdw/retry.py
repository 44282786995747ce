"""Which requests and records are sent again, how often and after how long: two tables, by what went wrong.

Two things are not in it, because another request is sent instead: an expired session is renewed, once a request; behind
an expired query locator the rest is asked for anew.
"""

import random
from dataclasses import dataclass

from sffdw.errors import RequestError

# A pause inside a statement holds back vacuum: all pauses of one request together are no longer than this.
MAX_PAUSES_S = 5.0
JITTER = 0.2


@dataclass(frozen=True)
class RetryRule:
    """When the same request is sent again: by reason (see RequestError.reason), status or code.

    attempts counts the first one; the pause doubles from delay_s. is_for_writes: the request surely had no effect, so
    a change may be sent again too.
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

    def pause_s(self, attempt: int) -> float:
        """The pause after a failed attempt, 1 for the first; not the same for all who failed together."""
        return self.delay_s * 2.0 ** (attempt - 1) * random.uniform(1 - JITTER, 1 + JITTER)


RETRY_RULES = (
    RetryRule("unreachable host", 3, 0.2, reasons=frozenset(("unreachable",)), is_for_writes=True),
    RetryRule("refused at the edge", 4, 0.5, statuses=frozenset((406, 420, 429)), is_for_writes=True),
    RetryRule("too many at once", 3, 1.0, codes=frozenset(("REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR")),
              is_for_writes=True),
    RetryRule("cut reply", 4, 0.3, reasons=frozenset(("cut",))),
    RetryRule("no answer", 2, 1.0, reasons=frozenset(("timeout",))),
    RetryRule("server error", 4, 0.5, statuses=frozenset((500, 502, 503, 504))),
    RetryRule("page instead of an answer", 3, 1.0, reasons=frozenset(("unreadable",))),
    RetryRule("slow query", 2, 1.0, codes=frozenset(("QUERY_TIMEOUT",))),
    RetryRule("locked row", 3, 0.5, codes=frozenset(("UNABLE_TO_LOCK_ROW",))),
)


@dataclass(frozen=True)
class RecordRule:
    """When a record that Salesforce refused is sent again, while its neighbours went through.

    The pause doubles from delay_s up to 300 s. request_sizes: with how many records it travels at each attempt, the
    last one for all that follow. attempts None: for ever, because the whole org is concerned; the writer's own option
    (row_lock_attempts) bounds the others. Of "servers failed" it counts only what failed while others were accepted.
    reasons, statuses: those of a request, see RequestError.
    """

    name: str
    codes: frozenset[str]
    attempts: int | None
    delay_s: float = 1.0
    request_sizes: tuple[int, ...] = (200,)
    reasons: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()


# What is in none of them is FAILED at once.
RECORD_RULES = (
    RecordRule("record locked", frozenset(("UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "TIMEOUT")), 8,
               request_sizes=(200, 50, 10, 1)),
    RecordRule("neighbour failed", frozenset(("ALL_OR_NONE_OPERATION_ROLLED_BACK",)), 8),
    RecordRule("org exhausted", frozenset(("REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR",
                                           "SERVER_UNAVAILABLE")), None),
    RecordRule("org switched off", frozenset(("API_CURRENTLY_DISABLED", "API_DISABLED_FOR_ORG")), None),
    RecordRule("servers failed", frozenset(), 8, request_sizes=(200, 50, 10, 1),
               reasons=frozenset(("unreadable", "timeout", "cut")), statuses=frozenset((500, 502, 503, 504))),
    RecordRule("session ended", frozenset(("INVALID_SESSION_ID",)), 8),
)


def rule_for(error: RequestError, *, is_read: bool) -> RetryRule | None:
    """The first rule that applies; None: the request is not sent again."""
    return next((rule for rule in RETRY_RULES if rule.applies(error, is_read)), None)
