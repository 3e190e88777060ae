"""What the suites have covered of a tree: by unit, by kind, by file, as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deemster.policytest.coverage.counting import Counts
from deemster.policytest.coverage.plan import Plan
from deemster.policytest.coverage.units import OUTCOMES, Goal, Unit, UnitKind

__all__ = ["Coverage", "CoveredUnit", "Share", "coverage_of", "share_of"]


@dataclass(frozen=True, slots=True)
class CoveredUnit:
    """A unit with what was counted: for each outcome, the cases in which it came about."""

    unit: Unit
    counts: Mapping[Goal, int]

    @property
    def missing(self) -> tuple[Goal, ...]:
        """Goals that no case has seen."""
        return tuple(goal for goal in self.unit.goals if not self.counts[goal])

    @property
    def evaluated(self) -> bool:
        """Whether any case has come here at all."""
        return any(self.counts.values())

    @property
    def complaint(self) -> str:
        """What is missing, in words; empty where nothing is."""
        if not self.missing:
            return ""
        if not self.evaluated:
            return "never reached" if self.unit.kind is UnitKind.OPERATION else "never evaluated"
        return ", ".join(map(self._lacking, self.missing))

    def _lacking(self, goal: Goal) -> str:
        if goal is Goal.ERROR:
            return "never in error"
        if goal is Goal.NOT_APPLIED and not self.counts[Goal.ERROR]:
            return "always applied"
        return f"never {goal.value}"


@dataclass(frozen=True, slots=True)
class Share:
    """`covered` of `goals` goals."""

    covered: int
    goals: int

    @property
    def percent(self) -> float:
        """0 to 100, rounded down to a tenth: what is not complete never reads as 100."""
        if not self.goals:
            return 100.0
        return (self.covered * 1000 // self.goals) / 10

    def reaches(self, minimum: float) -> bool:
        """Whether it is at least `minimum` percent, exactly."""
        return self.covered * 100 >= minimum * self.goals

    def __str__(self) -> str:
        return f"{self.percent:.1f} %"


@dataclass(frozen=True, slots=True)
class Coverage:
    """All units of a tree, by file and place."""

    units: tuple[CoveredUnit, ...]

    @property
    def total(self) -> Share:
        """Over all goals of all units."""
        return share_of(self.units)

    def by_kind(self) -> Mapping[UnitKind, Share]:
        """Of the kinds that the tree has."""
        return {
            kind: share_of(found)
            for kind in UnitKind
            if (found := [unit for unit in self.units if unit.unit.kind is kind])
        }

    def by_file(self) -> Mapping[str, tuple[CoveredUnit, ...]]:
        """Files with anything to cover, in order."""
        found: dict[str, list[CoveredUnit]] = {}
        for unit in self.units:
            found.setdefault(unit.unit.span.file, []).append(unit)
        return {file: tuple(units) for file, units in sorted(found.items())}

    def missing(self) -> tuple[CoveredUnit, ...]:
        """Units that lack something."""
        return tuple(unit for unit in self.units if unit.missing)


def coverage_of(plan: Plan, counts: Counts) -> Coverage:
    """`counts` are those of all processes together."""
    units = [
        CoveredUnit(unit, {goal: counts[key, goal] for goal in OUTCOMES[unit.kind]})
        for key, unit in plan.units.items()
    ]
    return Coverage(tuple(sorted(units, key=_place)))


def _place(found: CoveredUnit) -> tuple[object, ...]:
    """In the order of the text, a whole before its parts."""
    span = found.unit.span
    ends = (-span.end_line, -span.end_column)
    return span.file, span.line, span.column, *ends, found.unit.kind, found.unit.detail


def share_of(units: Iterable[CoveredUnit]) -> Share:
    """Over all goals of some units."""
    covered = goals = 0
    for unit in units:
        goals += len(unit.unit.goals)
        covered += len(unit.unit.goals) - len(unit.missing)
    return Share(covered, goals)
