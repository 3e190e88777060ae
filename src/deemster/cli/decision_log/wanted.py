"""Which records are asked for: each option narrows, and all must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import typer

from deemster.decisionlog.reading import member
from deemster.settings.scalars import parse_duration

__all__ = ["Wanted", "instant"]

_NAMED = {
    "reason": "reason",
    "outcome": "outcome",
    "gateway": "gateway",
    "subject": "subject",
    "protocol": "protocol",
    "revision": "revision",
}
"""Option ► member that must be equal."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`equal`: option ► value. `id`: a decision's, or the gateway's own of its request.

    `operation`: `service` or `service/operation`. Times in seconds since 1970.
    """

    equal: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    operation: str | None = None
    since: float | None = None
    until: float | None = None

    def has(self, record: dict[str, object]) -> bool:
        """Whether it is one of those."""
        if self.id is not None and self.id not in (
            record.get("decision_id"),
            record.get("gateway_request_id"),
        ):
            return False
        if any(record.get(_NAMED[option]) != value for option, value in self.equal.items()):
            return False
        return self._is_of_operation(record) and self._is_in_time(record)

    def has_shadow(self, difference: dict[str, object]) -> bool:
        """Whether a line about a tree beside the live one is: by id, time and what was answered."""
        live = member(difference, "live", dict) or {}
        told = {**live, "decision_id": difference.get("decision_id"), "outcome": live.get("effect")}
        return self.has({**told, "time": difference.get("time")})

    def _is_of_operation(self, record: dict[str, object]) -> bool:
        if self.operation is None:
            return True
        service, _, operation = self.operation.partition("/")
        return record.get("api_service") == service and (
            not operation or record.get("operation") == operation
        )

    def _is_in_time(self, record: dict[str, object]) -> bool:
        if self.since is None and self.until is None:
            return True
        at = _epoch(member(record, "time", str) or "")
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def instant(text: str | None, option: str, now: float) -> float | None:
    """`2026-11-22T09:00:00Z`, or `15m` for that long ago. Raises BadParameter."""
    if text is None:
        return None
    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    found = _epoch(text)
    if found is None:
        message = f"`{text}` is neither a time such as `2026-11-22T09:00:00Z` nor ago, as `15m` is"
        raise typer.BadParameter(message, param_hint=option)
    return found


def _epoch(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
