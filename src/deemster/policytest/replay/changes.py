"""What came of replaying a log: what changed, in groups, and what could not be decided again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from deemster.decisionlog.record import MissingV1
from deemster.model.decision import Decision, Requirement
from deemster.policytest.replay.recorded import Record

__all__ = ["Change", "ChangeGroup", "Kind", "Replayed"]

_MOST_EXAMPLES = 3


class Kind(Enum):
    """What a change means, the gravest first."""

    WIDENED = "widened"
    """A deny then, a permit now."""
    NARROWED = "narrowed"
    """A permit then, a deny now."""
    REASON = "reason"
    """Denied both times, for another reason."""
    OPERATION = "operation"
    """The same answer, from another operation."""


@dataclass(frozen=True, slots=True)
class Change:
    """How decisions of one group were made then and are now. `rule`: the deciding node's id path.

    `place` is `file:line` of the rule in the new tree, `needed` what is missing, in words.
    """

    kind: Kind
    operation: str
    reason: str
    rule: str | None
    needed: str
    new_operation: str
    new_reason: str
    new_rule: str | None
    new_place: str | None
    new_needed: str


@dataclass(slots=True)
class ChangeGroup:
    """`examples` are decision ids, the first ones."""

    change: Change
    records: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Replayed:
    """Counts of one run. `unreadable` are lines that hold no record."""

    decided: int = 0
    same: int = 0
    unreadable: int = 0
    groups: dict[Change, ChangeGroup] = field(default_factory=dict)
    not_replayable: Counter[str] = field(default_factory=Counter)
    revisions: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record, decision: Decision) -> None:
        """One that was decided again."""
        self.decided += 1
        self.revisions[record.revision] += 1
        before = operation_name(record.api_service, record.operation)
        self.by_operation[before] += 1
        change = _change(record, decision, before)
        if change is None:
            self.same += 1
            return
        group = self.groups.get(change)
        if group is None:
            group = self.groups[change] = ChangeGroup(change)
        group.records += 1
        if len(group.examples) < _MOST_EXAMPLES:
            group.examples.append(record.decision_id)

    def sorted_groups(self) -> list[ChangeGroup]:
        """The gravest first, of those the largest."""
        order = list(Kind)
        return sorted(
            self.groups.values(),
            key=lambda group: (
                order.index(group.change.kind),
                -group.records,
                group.change.operation,
                group.change.new_reason,
            ),
        )

    def count(self, kind: Kind) -> int:
        """Records of all groups of a kind."""
        return sum(group.records for group in self.groups.values() if group.change.kind is kind)

    @property
    def changed(self) -> int:
        """Records that are decided otherwise now."""
        return self.decided - self.same

    @property
    def left(self) -> int:
        """Records that could not be decided again."""
        return self.not_replayable.total()


def operation_name(service: str | None, operation: str | None) -> str:
    """`service/operation`, as far as there is one."""
    if service is None:
        return "no API service"
    return f"{service}/{operation}" if operation else f"{service}/no operation"


def _change(record: Record, decision: Decision, before: str) -> Change | None:
    service = None if decision.service is None else decision.service.id
    now = operation_name(service, decision.operation)
    was_permit = record.effect == "permit"
    if was_permit != decision.permitted:
        kind = Kind.WIDENED if decision.permitted else Kind.NARROWED
    elif record.reason != decision.reason.value:
        kind = Kind.REASON
    elif before != now:
        kind = Kind.OPERATION
    else:
        return None
    deciding = decision.deciding
    return Change(
        kind,
        before,
        record.reason,
        None if record.deciding is None else record.deciding.id_path,
        _needed(record.missing),
        now,
        decision.reason.value,
        None if deciding is None else deciding.id_path,
        None if deciding is None else deciding.span.place,
        _needed_now(decision.missing),
    )


def _needed(missing: Iterable[MissingV1]) -> str:
    return "; ".join([_words(one.kind, one.any, one.all, one.seconds) for one in missing])


def _needed_now(missing: Iterable[Requirement]) -> str:
    return "; ".join([_words(one.kind, one.any_of, one.all_of, one.seconds) for one in missing])


def _words(kind: str, any_of: tuple[str, ...], all_of: tuple[str, ...], seconds: int | None) -> str:
    parts = [f"any of {', '.join(any_of)}"] if any_of else []
    parts += [f"all of {', '.join(all_of)}"] if all_of else []
    parts += [f"{seconds} s"] if seconds is not None else []
    return f"{kind} {' and '.join(parts)}".strip()
