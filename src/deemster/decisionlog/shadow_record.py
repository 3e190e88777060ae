"""What a tree beside the live one would have said otherwise: one line of the decision log.

It names nobody and nothing of the call: that stands in the decision's own record.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from deemster.decisionlog.record import DecidingV1, MissingV1
from deemster.model.decision import Decision

__all__ = ["ShadowDifferenceV1", "ShadowSideV1", "shadow_difference"]


class ShadowSideV1(msgspec.Struct, frozen=True):
    """What one of the two trees said."""

    revision: str
    api_service: str | None
    operation: str | None
    effect: str
    reason: str
    deciding: DecidingV1 | None
    missing: tuple[MissingV1, ...]


class ShadowDifferenceV1(msgspec.Struct, frozen=True):
    """`shadow` is the version of this form; `decision_id` that of the answer."""

    shadow: int
    time: str
    environment: str
    decision_id: str
    result: str
    live: ShadowSideV1
    beside: ShadowSideV1


def shadow_difference(
    result: str, live: Decision, beside: Decision, *, environment: str, at: float
) -> ShadowDifferenceV1:
    """`at`: epoch seconds."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return ShadowDifferenceV1(
        1,
        moment.replace("+00:00", "Z"),
        environment,
        live.decision_id,
        result,
        _side(live),
        _side(beside),
    )


def _side(decision: Decision) -> ShadowSideV1:
    deciding = decision.deciding
    return ShadowSideV1(
        decision.revision,
        None if decision.service is None else decision.service.id,
        decision.operation,
        "permit" if decision.permitted else "deny",
        decision.reason.value,
        None if deciding is None else DecidingV1(deciding.id_path, deciding.span.place),
        tuple(
            [MissingV1(one.kind, one.any_of, one.all_of, one.seconds) for one in decision.missing]
        ),
    )
