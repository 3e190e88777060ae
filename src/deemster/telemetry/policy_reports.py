"""What happens to policies while a service runs, as log lines and counts."""

from __future__ import annotations

from deemster.telemetry.policy_figures import PolicyFigures
from deemster.telemetry.service_log import ServiceLog

__all__ = ["PolicyReports"]


class PolicyReports:
    """Satisfies FeedReports."""

    def __init__(self, log: ServiceLog, figures: PolicyFigures) -> None:
        self._log = log
        self._figures = figures
        self._refusal: str | None = None

    def polled(self, outcome: str) -> None:
        """See FeedReports."""
        self._figures.polls[outcome] += 1

    def source_changed(self, failure: str | None) -> None:
        """See FeedReports."""
        if failure is None:
            self._log.info("bundle_source_recovered")
        else:
            self._log.warning("bundle_source_failed", reason=failure)

    def last_known_good_damaged(self, text: str) -> None:
        """See FeedReports."""
        self._log.error("last_known_good_refused", reason=text)

    def started_from_last_known_good(self, sequence: int, age: float) -> None:
        """See FeedReports."""
        self._log.warning("started_from_last_known_good", sequence=sequence, age=round(age))

    def not_kept(self, text: str) -> None:
        """See FeedReports."""
        self._log.error("bundle_not_kept", reason=text)

    def refused(self, cause: str, reason: str, *, again: bool) -> None:
        """A reload changed nothing. Counted each time; told `again` where it stays the same."""
        self._figures.failed[cause] += 1
        if again or reason != self._refusal:
            self._log.error("reload_refused", cause=cause, reason=reason)
        self._refusal = reason

    def taken(self) -> None:
        """A reload was good."""
        self._figures.succeeded += 1
        self._refusal = None

    def age_changed(self, too_old: str | None, action: str) -> None:
        """Policies have become too old, or (None) are not any more."""
        if too_old is None:
            self._log.info("policies_confirmed_again")
        else:
            self._log.warning("policies_too_old", reason=too_old, action=action)
