"""What the parts of the service report to operators: log lines, and figures beside them."""

from __future__ import annotations

from deemster.errors import ProtocolError
from deemster.model.clock import Clock
from deemster.telemetry.metrics import ServiceFigures
from deemster.telemetry.service_log import ServiceLog

__all__ = ["ServiceReports"]

LINES = 20
SECONDS = 10.0


class ServiceReports:
    """Everything is counted; what strangers can cause is logged `LINES` times in `SECONDS`."""

    def __init__(self, log: ServiceLog, figures: ServiceFigures, clock: Clock) -> None:
        self._log = log
        self._figures = figures
        self._monotonic = clock.monotonic
        self._window_ends = 0.0
        self._lines = 0
        self._kept_back = 0

    def fault(self, fault: Exception, told_id: str) -> None:
        """Something of ours failed; the call was refused, and the gateway was told this id."""
        self._figures.faults += 1
        if self._may_log():
            self._log.error("call_failed", id=told_id, exc_info=fault)

    def refused_call(self, protocol: str, error: ProtocolError, told_id: str) -> None:
        """A gateway asked wrongly, or a stranger asked."""
        refused = self._figures.refused_calls
        key = (protocol, error.code)
        refused[key] = refused.get(key, 0) + 1
        if self._may_log():
            self._log.warning(
                "call_refused", protocol=protocol, cause=error.code, text=error.message, id=told_id
            )

    def decision_log_changed(self, sink: str, trouble: str | None) -> None:
        """A sink of the decision log began to fail, or (None) recovered."""
        if trouble is None:
            self._log.info("decision_log_recovered", sink=sink)
        else:
            self._log.error("decision_log_failed", sink=sink, text=trouble)

    def traces_changed(self, collector: str, trouble: str | None) -> None:
        """The collector of traces began to fail, or (None) recovered."""
        if trouble is None:
            self._log.info("traces_recovered", collector=collector)
        else:
            self._log.warning("traces_failed", collector=collector, text=trouble)

    def keys_taken(self, provider: str, usable: int, dropped: tuple[str, ...]) -> None:
        """A provider publishes another set of keys; the reasons quote no key material."""
        self._figures.keys[provider] = (usable, len(dropped))
        if dropped:
            self._log.warning("keys_dropped", provider=provider, usable=usable, why=dropped)
        else:
            self._log.info("keys_taken", provider=provider, usable=usable)

    def shared_store_changed(self, works: bool) -> None:  # noqa: FBT001  (told as one word)
        """The store that processes share stopped answering, or answers again."""
        if works:
            self._log.info("shared_store_recovered")
        else:
            self._log.error("shared_store_failed")

    def directory_listened_to(self, directory: str, listening: bool) -> None:  # noqa: FBT001
        """Changes of a directory's users are heard of, or are not any more."""
        if listening:
            self._log.info("directory_changes_heard", directory=directory)
        else:
            self._log.warning("directory_changes_missed", directory=directory)

    def _may_log(self) -> bool:
        now = self._monotonic()
        if now >= self._window_ends:
            if self._kept_back:
                self._log.warning("log_lines_kept_back", count=self._kept_back)
            self._window_ends = now + SECONDS
            self._lines = self._kept_back = 0
        self._lines += 1
        if self._lines <= LINES:
            return True
        self._kept_back += 1
        return False
