"""Everything the wrapper can report: one tree; each class owns its SQLSTATE and its default hint.

Error
├── OptionError HV00D ─ OptionValueError HV024, OptionMissing HV00J, OptionForbidden 42501
├── ArgumentMissing HV002, ReadOnlyColumn 428C9, ValueRefused 22000, ReadOnlyTable 0A000
├── AuthenticationError SF001, OrgMismatch SF002, BudgetExhausted SF003
├── RequestError SF005 ─ SessionExpired SF001, LocatorExpired SF005, LimitReached SF004, UnreadableAnswer SF006,
│                        ObjectUnknown SF007, FieldUnknown SF008, SoqlRejected SF009, RequestInDoubt SF012,
│                        JobLost SF015, BulkUnsupported SF016, ReplayUnknown SF017
├── RecordRejected SF010 ─ RecordLocked SF011
├── IntentUnwritable 58030
└── Defect XX000

Messages follow PostgreSQL's style guide. No message, detail or hint ever holds a secret: what reaches them from outside
is cut and cleaned here.
"""

import re

MAX_FOREIGN_TEXT = 1000
# Salesforce's code for a statement with more formulas or conditions than it can carry out.
TOO_COMPLICATED = "QUERY_TOO_COMPLICATED"


def printable(text: object) -> str:
    """What came from outside as one line of bounded length, without control characters."""
    line = re.sub(r"\s+", " ", str(text)).strip()
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return line if len(line) <= MAX_FOREIGN_TEXT else line[: MAX_FOREIGN_TEXT - 1] + "…"


class Error(Exception):
    """Root of the tree. The host turns sqlstate, detail, hint and context into the fields of a PostgreSQL error."""

    sqlstate = "HV000"
    default_hint: str | None = None

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None,
                 context: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail
        self.hint = hint if hint is not None else self.default_hint
        self.context = context


class OptionError(Error):
    sqlstate = "HV00D"


class OptionValueError(OptionError):
    sqlstate = "HV024"


class OptionMissing(OptionError):
    sqlstate = "HV00J"


class OptionForbidden(OptionError):
    sqlstate = "42501"
    default_hint = "Only superusers and members of pg_read_server_files may name a file of the server."


class ArgumentMissing(Error):
    """A system table was read without the condition that says what to ask for."""

    sqlstate = "HV002"


class ReadOnlyColumn(Error):
    sqlstate = "428C9"
    default_hint = "Leave the column out of the statement; Salesforce sets it."


class ReadOnlyTable(Error):
    sqlstate = "0A000"


class ValueRefused(Error):
    """A value that Salesforce has no form for."""

    sqlstate = "22000"


class AuthenticationError(Error):
    sqlstate = "SF001"
    default_hint = "Check the options of the user mapping and, in Salesforce, the connected app and the login history."


class OrgMismatch(Error):
    sqlstate = "SF002"
    default_hint = "Check login_url: it leads to another org than the session that was expected."


class BudgetExhausted(Error):
    sqlstate = "SF003"
    default_hint = "Wait until the org's 24-hour call count falls, or raise the server option api_budget_percent."


class RequestError(Error):
    """A request that Salesforce did not fulfil.

    status: HTTP status, None without an answer. code: Salesforce's errorCode. reason: unreachable, timeout, cut or
    unreadable where no answer of Salesforce came. is_transient: the same request may succeed later. is_in_doubt: the
    request may have been carried out although no answer says so.
    """

    sqlstate = "SF005"

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None, context: str | None = None,
                 status: int | None = None, code: str | None = None, is_transient: bool = False,
                 is_in_doubt: bool = False, fields: tuple[str, ...] = (), reason: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint, context=context)
        self.status = status
        self.code = code
        self.is_transient = is_transient
        self.is_in_doubt = is_in_doubt
        self.fields = fields
        self.reason = reason
        self.is_final = False


class SessionExpired(RequestError):
    """Salesforce no longer accepts the token; answered by one refresh, seen by users only if that does not help."""

    sqlstate = "SF001"
    default_hint = AuthenticationError.default_hint


class LocatorExpired(RequestError):
    """The cursor of a query is gone: the rest can only be had by asking anew."""

    default_hint = "Repeat the statement."


class LimitReached(RequestError):
    sqlstate = "SF004"
    default_hint = "SELECT * FROM _limits (IMPORT FOREIGN SCHEMA salesforce_system) shows what the org has left."


class UnreadableAnswer(RequestError):
    sqlstate = "SF006"
    default_hint = "Check that login_url is a Salesforce host and that no proxy or maintenance page answers instead."


class ObjectUnknown(RequestError):
    sqlstate = "SF007"
    default_hint = "Check the spelling and that the integration user may read the object; custom objects end in __c."


class FieldUnknown(RequestError):
    sqlstate = "SF008"
    default_hint = ("The field was removed, renamed or hidden from the integration user: drop the column from the "
                    "foreign table or give the user access.")


class SoqlRejected(RequestError):
    sqlstate = "SF009"


class RequestInDoubt(RequestError):
    sqlstate = "SF012"
    default_hint = "The change may have been made: look in Salesforce before repeating the statement."


class JobLost(RequestError):
    """A Bulk job that failed, was aborted or is gone with its result: the rows can only be had from a new one."""

    sqlstate = "SF015"
    default_hint = "Start a new job; Salesforce keeps a result for seven days."


class BulkUnsupported(RequestError):
    sqlstate = "SF016"
    default_hint = "Read it through REST: set the server option transport to 'auto' or 'rest'."


class ReplayUnknown(RequestError):
    """The events after a replay id are gone: what they told of must be found by a poll."""

    sqlstate = "SF017"
    default_hint = "Read from replay_id -1 (new events only) and poll what the events were about."


class RecordRejected(Error):
    sqlstate = "SF010"
    default_hint = "Correct what DETAIL names, here or in Salesforce, then repeat the statement."


class RecordLocked(RecordRejected):
    sqlstate = "SF011"
    default_hint = "Another transaction in Salesforce holds the record: repeat the statement."


class IntentUnwritable(Error):
    """A synchronous write that could not be put on record: it is not sent."""

    sqlstate = "58030"
    default_hint = "Check the disk under the server option spool_directory; nothing was sent."


class Defect(Error):
    """A programming error of ours, reported without the values that led to it."""

    sqlstate = "XX000"
    default_hint = "This is a defect of sffdw; please report it with the statement that showed it."
