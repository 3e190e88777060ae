"""The goals, as ratios within one run: each with what was measured, and whether it is met.

Where something stands for several contestants it is the one that makes the goal harder: of the two
null applications the faster, of the two algorithms the cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.contests import Row
from benchmarks.figures import Figures

__all__ = ["GoalLine", "goal_lines"]

EVERY_TIME = "verified every time"
"""Said of rows that are; a quick run has none."""
SIDEBAND_NULLS = ("null", "null-uvicorn")
AUTHZEN_NULLS = ("null-authzen", "null-uvicorn")
CERBOS = ("cerbos-rs256", "cerbos-es256")
UNCACHED = ("envoy-uncached-rs256", "envoy-uncached-es256")
CACHED = ("envoy-cached-es256",)


@dataclass(frozen=True, slots=True)
class GoalLine:
    """`met` is None where something that it takes was not measured."""

    what: str
    goal: str
    measured: str
    met: bool | None


def goal_lines(found: Figures) -> list[GoalLine]:
    """All goals, in the order of the published table."""
    lines = [
        *_rates(found, "sideband", "sideband, token seen before", _SIDEBAND),
        *_rates(found, "authzen-token", "AuthZEN evaluation, token seen before", _AUTHZEN),
        *_rates(found, "authzen", "AuthZEN evaluation, user named, seen before", _AUTHZEN),
        _least_rate(found, "sideband-every-rs256", "token verified every time (RS256)", _EVERY),
    ]
    for key, what, nulls in (
        ("sideband", "sideband", SIDEBAND_NULLS),
        ("authzen-token", "AuthZEN", AUTHZEN_NULLS),
    ):
        lines.append(_slower(found, key, f"p99, {what}", nulls, 1.5, lambda row: row.p99_ms))
        single = _slower(
            found, key, f"single connection p50, {what}", nulls, 1.6, lambda row: row.single_p50_ms
        )
        lines.append(single)
    return [
        *lines,
        _flat(found),
        _workers(found),
        _questions(found),
        _least_rate(found, "hypercorn", "Hypercorn, sideband", _HYPERCORN),
    ]


_Rate = tuple[str, tuple[str, ...], float, str]
"""Beside what (in words, and the rows), how often at least, and how that is shown."""

_SIDEBAND: tuple[_Rate, ...] = (
    ("null", SIDEBAND_NULLS, 0.65, "{:.0%}"),
    ("Cerbos", CERBOS, 10.0, "{:.1f} x"),
    ("Envoy's filters without cache", UNCACHED, 1.0, "{:.2f} x"),
)
_AUTHZEN: tuple[_Rate, ...] = (
    ("null", AUTHZEN_NULLS, 0.75, "{:.0%}"),
    ("Envoy's filters with cache", CACHED, 1.0, "{:.2f} x"),
)
_EVERY: _Rate = ("Cerbos, RS256", ("cerbos-rs256",), 3.0, "{:.1f} x")
_HYPERCORN: _Rate = ("its own null", ("null-hypercorn",), 0.85, "{:.0%}")


def _rates(found: Figures, key: str, what: str, beside: Sequence[_Rate]) -> list[GoalLine]:
    return [_least_rate(found, key, what, one) for one in beside]


def _least_rate(found: Figures, key: str, what: str, beside: _Rate) -> GoalLine:
    words, keys, least, shown = beside
    goal = f"at least {shown.format(least)} of {words}"
    ours = found.of("peers", key)
    theirs = _best(found, keys, lambda row: -row.per_second)
    if ours is None or theirs is None or ("-every-" in key and EVERY_TIME not in ours.token):
        return _unmeasured(what, goal)
    ratio = ours.per_second / theirs.per_second
    numbers = f"{shown.format(ratio)} ({ours.per_second:,.0f} / {theirs.per_second:,.0f})"
    return GoalLine(what, goal, numbers, ratio >= least)


def _slower(
    found: Figures,
    key: str,
    what: str,
    nulls: tuple[str, ...],
    most: float,
    of: Callable[[Row], float | None],
) -> GoalLine:
    goal = f"at most {most} x null"
    ours = found.of("peers", key)
    null = _best(found, nulls, lambda row: of(row) or float("inf"))
    mine, least = (None if row is None else of(row) for row in (ours, null))
    if mine is None or not least:
        return _unmeasured(what, goal)
    ratio = mine / least
    return GoalLine(what, goal, f"{ratio:.2f} x ({mine:.3f} / {least:.3f} ms)", ratio <= most)


def _flat(found: Figures) -> GoalLine:
    rows = found.measured("size")
    what, goal = "throughput from 10 to 10,000 operations", "flat within 10%"
    if [row.key for row in rows] != ["10", "100", "1000", "10000"]:
        return _unmeasured(what, goal)
    rates = [row.per_second for row in rows]
    lost = 1 - min(rates) / max(rates)
    return GoalLine(what, goal, f"{lost:.0%} between most and least", lost <= 0.10)


def _workers(found: Figures) -> GoalLine:
    what = "two workers against one, token verified every time"
    goal = "at least 1.6 x, cores shared with wrk"
    one, two = found.of("workers", "every-1"), found.of("workers", "every-2")
    if one is None or two is None or EVERY_TIME not in two.token:
        return _unmeasured(what, goal)
    ratio = two.per_second / one.per_second
    numbers = f"{ratio:.2f} x ({two.per_second:,.0f} / {one.per_second:,.0f})"
    return GoalLine(what, goal, numbers, ratio >= 1.6)


def _questions(found: Figures) -> GoalLine:
    what, goal = "`evaluations` of 20", "at least 4 x single, per decision"
    one, many = found.of("questions", "1"), found.of("questions", "20")
    if one is None or many is None:
        return _unmeasured(what, goal)
    decisions = many.per_second * many.decisions
    ratio = decisions / one.per_second
    numbers = f"{ratio:.1f} x ({decisions:,.0f} / {one.per_second:,.0f} decisions/s)"
    return GoalLine(what, goal, numbers, ratio >= 4.0)


def _best(found: Figures, keys: tuple[str, ...], order: Callable[[Row], float]) -> Row | None:
    rows = [row for key in keys if (row := found.of("peers", key)) is not None]
    return min(rows, key=order) if rows else None


def _unmeasured(what: str, goal: str) -> GoalLine:
    return GoalLine(what, goal, "not measured in this run", None)
