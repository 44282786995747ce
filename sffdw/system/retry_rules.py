"""`_retry_rules`: which failures have a request, or a record of a write, sent again. Calls nothing in Salesforce."""

from collections.abc import Iterable, Mapping

from sffdw.retry import RECORD_RULES, RETRY_RULES
from sffdw.system.table import Row, SystemColumn, SystemTable


class RetryRulesTable(SystemTable):
    name = "_retry_rules"
    expected_rows = len(RETRY_RULES) + len(RECORD_RULES)
    columns = (SystemColumn("rule_name", "text"), SystemColumn("attempts", "integer"),
               SystemColumn("first_pause_s", "double precision"), SystemColumn("reasons", "text[]"),
               SystemColumn("statuses", "integer[]"), SystemColumn("codes", "text[]"),
               SystemColumn("for_writes", "boolean"), SystemColumn("concerns", "text"),
               SystemColumn("request_sizes", "integer[]"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for rule in RETRY_RULES:
            yield {"rule_name": rule.name, "attempts": rule.attempts, "first_pause_s": rule.delay_s,
                   "reasons": sorted(rule.reasons), "statuses": sorted(rule.statuses), "codes": sorted(rule.codes),
                   "for_writes": rule.is_for_writes, "concerns": "request"}
        for one in RECORD_RULES:
            yield {"rule_name": one.name, "attempts": one.attempts, "first_pause_s": one.delay_s,
                   "reasons": sorted(one.reasons), "statuses": sorted(one.statuses), "codes": sorted(one.codes),
                   "for_writes": True, "concerns": "record", "request_sizes": list(one.request_sizes)}


TABLE = RetryRulesTable
