"""The org's limits: API calls in 24 hours, and the numbers /limits shows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from sffdw.sandbox.clock import Clock
from sffdw.sandbox.errors import ApiError

DAY_S = 24 * 3600.0
_DEFAULTS = {
    "ActiveScratchOrgs": 3,
    "AnalyticsExternalDataSizeMB": 40960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyApiRequests": 1_000_000,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkApiRequests": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 1_000_000,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyScratchOrgs": 6,
    "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 1_024,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999,
    "HourlyODataCallout": 1_000,
    "HourlyPublishedPlatformEvents": 50_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "MonthlyPlatformEvents": 300_000,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "Package2VersionCreates": 6,
    "PermissionSets": 1_500,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}


class Limits:
    """Counts calls against the daily limit; counters start anew every 24 hours of the org's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._max = dict(_DEFAULTS)
        self._used: dict[str, int] = {}
        self._day_began_at = clock.timestamp()
        self.concurrent_max: int | None = None  # requests answered at once; unlimited, as all of them are short

    def _roll(self) -> None:
        now = self._clock.timestamp()
        if now - self._day_began_at >= DAY_S:
            self._used.clear()
            self._day_began_at = now

    def spend_call(self) -> None:
        """Count an API call; raises REQUEST_LIMIT_EXCEEDED when none is left."""
        with self._lock:
            self._roll()
            used = self._used.get("DailyApiRequests", 0)
            if used >= self._max["DailyApiRequests"]:
                raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
            self._used["DailyApiRequests"] = used + 1

    def check_concurrency(self, running: int) -> None:
        """Refuse a request when more are running than the limit that was set."""
        if self.concurrent_max is not None and running > self.concurrent_max:
            message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            raise ApiError("REQUEST_LIMIT_EXCEEDED", message, status=403)

    def spend(self, name: str, amount: int = 1) -> bool:
        """Take from a limit; False when it is used up."""
        with self._lock:
            self._roll()
            used = self._used.get(name, 0)
            if used + amount > self._max.get(name, amount):
                return False
            self._used[name] = used + amount
            return True

    @property
    def usage_header(self) -> str:
        """The value of Sforce-Limit-Info."""
        with self._lock:
            self._roll()
            return f"api-usage={self._used.get('DailyApiRequests', 0)}/{self._max['DailyApiRequests']}"

    def shown(self) -> dict[str, dict[str, int]]:
        """Return what /limits answers."""
        with self._lock:
            self._roll()
            return {
                name: {"Max": most, "Remaining": max(0, most - self._used.get(name, 0))}
                for name, most in sorted(self._max.items())
            }

    def set(self, given: Mapping[str, Any]) -> None:
        """Change limits: {NAME: {max?, remaining?}, "concurrent": N}."""
        with self._lock:
            for name, value in given.items():
                if name == "concurrent":
                    self.concurrent_max = None if value is None else int(value)
                    continue
                parts = {key.lower(): int(number) for key, number in value.items()}
                self._max[name] = parts.get("max", self._max.get(name, 0))
                if "remaining" in parts:
                    self._used[name] = max(0, self._max[name] - parts["remaining"])
