"""Contestants on one task, in turn: who they are, how they are asked, what was measured of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.loads import CONNECTIONS, Load, Measured
from benchmarks.plan import Plan
from benchmarks.processes import resident_mb
from benchmarks.stage import Stage

__all__ = ["Contestant", "Row", "measured_in_turn"]


@dataclass(frozen=True, slots=True)
class Contestant:
    """`decisions`: in one message. `single`: over one connection as well."""

    key: str
    name: str
    token: str
    load: Callable[[Stage], Load]
    decisions: int = 1
    single: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over the rounds; `spread` is (most - least) / median of the rate.

    `trouble`: why there is nothing, in words; the numbers are 0 then.
    """

    key: str
    name: str
    token: str
    decisions: int = 1
    per_second: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    single_p50_ms: float | None = None
    cpu_us: float = 0.0
    spread: float = 0.0
    resident_mb: float = 0.0
    trouble: str | None = None


def measured_in_turn(
    contestants: Sequence[Contestant], stage: Stage, plan: Plan, tell: Callable[[str], None]
) -> list[Row]:
    """All are started and checked, then loaded one after the other, round by round.

    One that fails, at any time, is a row that says why; the others go on.
    """
    entries = [_Entry(one) for one in contestants]
    for entry in entries:
        entry.attempt(lambda entry=entry: entry.start(stage), tell)  # type: ignore[misc]
    for turn in range(plan.rounds):
        for entry in entries:
            entry.attempt(lambda entry=entry: entry.round(plan), tell)  # type: ignore[misc]
        tell(f"round {turn + 1} of {plan.rounds}")
    return [entry.row() for entry in entries]


class _Entry:
    """One contestant on its way through the rounds."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self.load: Load | None = None
        self.trouble: str | None = None
        self.rounds: list[Measured] = []
        self.singles: list[Measured] = []

    def attempt(self, work: Callable[[], None], tell: Callable[[str], None]) -> None:
        if self.trouble is not None:
            return
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one contestant's trouble is its own
            self.trouble = " ".join(str(error).split())[:300] or repr(error)
            tell(f"{self.contestant.name}, {self.contestant.token}: {self.trouble}")

    def start(self, stage: Stage) -> None:
        self.load = self.contestant.load(stage)
        self._run(1)  # to be warm

    def round(self, plan: Plan) -> None:
        self.rounds.append(self._run(plan.seconds))
        if self.contestant.single:
            self.singles.append(self._run(plan.single_seconds, 1))

    def row(self) -> Row:
        one = self.contestant
        if self.load is None or self.trouble is not None:
            return Row(one.key, one.name, one.token, one.decisions, trouble=self.trouble)
        return _row(one, self.rounds, self.singles, self.load)

    def _run(self, seconds: int, connections: int = CONNECTIONS) -> Measured:
        if self.load is None:
            raise RuntimeError("not started")
        # A machine that stood still for a moment is nobody's failure; a second time it is.
        try:
            return self.load.run(seconds, connections)
        except RuntimeError:
            return self.load.run(seconds, connections)


def _row(one: Contestant, rounds: list[Measured], singles: list[Measured], load: Load) -> Row:
    rates = [found.per_second for found in rounds]
    return Row(
        key=one.key,
        name=one.name,
        token=one.token,
        decisions=one.decisions,
        per_second=median(rates),
        p50_ms=median(found.p50_ms for found in rounds),
        p99_ms=median(found.p99_ms for found in rounds),
        single_p50_ms=median(found.p50_ms for found in singles) if singles else None,
        cpu_us=median(found.cpu_us for found in rounds),
        spread=(max(rates) - min(rates)) / median(rates),
        resident_mb=resident_mb(load.process),
    )
