"""What coverage counts: parts of the tree as written, each with the outcomes a suite should see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from deemster.model.source import SourceSpan

__all__ = ["OUTCOMES", "Goal", "Unit", "UnitKey", "UnitKind"]


class UnitKind(StrEnum):
    """What kind of part; the value is the word in reports."""

    OPERATION = "operation"
    GUARD = "guard"
    RESPONSE_POLICY = "response policy"
    LINE = "allow line"
    RULE = "rule"
    CONDITION = "condition"
    NAMED_CONDITION = "named condition"


class Goal(StrEnum):
    """How a part may come out; the value is the word in reports."""

    REACHED = "reached"
    PERMITTED = "permitted"
    DENIED = "denied"
    PASSED = "passed"
    REFUSED = "refused"
    SATISFIED = "satisfied"
    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    TRUE = "true"
    FALSE = "false"
    ERROR = "error"


OUTCOMES: Mapping[UnitKind, tuple[Goal, ...]] = {
    UnitKind.OPERATION: (Goal.REACHED, Goal.PERMITTED, Goal.DENIED),
    UnitKind.GUARD: (Goal.PASSED, Goal.REFUSED, Goal.ERROR),
    UnitKind.RESPONSE_POLICY: (Goal.PASSED, Goal.REFUSED, Goal.ERROR),
    UnitKind.LINE: (Goal.SATISFIED, Goal.REFUSED, Goal.ERROR),
    UnitKind.RULE: (Goal.APPLIED, Goal.NOT_APPLIED, Goal.ERROR),
    UnitKind.CONDITION: (Goal.TRUE, Goal.FALSE, Goal.ERROR),
    UnitKind.NAMED_CONDITION: (Goal.TRUE, Goal.FALSE, Goal.ERROR),
}
"""All that is counted; which of it should be seen is said by each unit."""

UnitKey = tuple[UnitKind, str, SourceSpan]
"""A part that is written once is one part, however many operations use it. The text tells two
parts at one place apart (the two halves of an `authentication` line)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One part. `goals` are the outcomes that can come about, and so should be seen.

    `name` is an id path, or the text of a condition. `span` is where it is written; of a guard,
    where it is written or referred to.
    """

    kind: UnitKind
    name: str
    span: SourceSpan
    goals: tuple[Goal, ...]
    detail: str = ""

    @property
    def key(self) -> UnitKey:
        """Its identity in a tree."""
        return self.kind, self.detail, self.span
