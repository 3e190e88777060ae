"""The charts of the page: contestants side by side, and a cost against what it may depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from benchmarks.contests import Row
from benchmarks.svg import Picture, nice_ticks, short

__all__ = ["Bar", "bars", "contest", "line"]

_ROW = 26
_NAMES, _RATES, _TIMES = 400, 290, 280


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a group of its own name."""

    group: str
    name: str
    value: float
    kind: str


def contest(title: str, rows: Sequence[Row]) -> str:
    """Requests a second as bars, beside p50 and p99 on a logarithmic axis."""
    there = [row for row in rows if row.trouble is None]
    width, height = _NAMES + _RATES + _TIMES + 130, 110 + _ROW * len(there)
    picture = Picture(width, height, title)
    top, bottom = 64, 64 + _ROW * len(there)
    left = _NAMES + 20
    rates = nice_ticks(max((row.per_second for row in there), default=1.0), 4)
    for tick in rates:
        x = left + _RATES * tick / rates[-1]
        picture.rule(x, top - 6, x, bottom)
        picture.text(x, bottom + 16, f"{tick / 1000:g} k", "faint", "middle")
    picture.text(left, bottom + 34, "requests a second, 32 connections", "faint")
    from_ms = left + _RATES + 70
    low, high = _decades([row.p50_ms for row in there] + [row.p99_ms for row in there])
    for power in range(low, high + 1):
        x = from_ms + _TIMES * (power - low) / (high - low)
        picture.rule(x, top - 6, x, bottom)
        picture.text(x, bottom + 16, f"{10.0**power:g}", "faint", "middle")
    picture.text(from_ms, bottom + 34, "milliseconds: p50 (hollow) to p99 (filled)", "faint")
    for at, row in enumerate(there):
        y = top + _ROW * at
        kind = _kind(row)
        picture.text(_NAMES + 10, y + 16, f"{row.name} · {row.token}", "small", "end")
        bar = _RATES * row.per_second / rates[-1]
        picture.bar(left, y + 4, bar, _ROW - 10, kind)
        picture.text(left + bar + 5, y + 16, short(row.per_second), "faint")
        ends = [
            from_ms + _TIMES * (log10(max(ms, 10.0**low)) - low) / (high - low)
            for ms in (row.p50_ms, row.p99_ms)
        ]
        picture.rule(ends[0], y + 12, ends[1], y + 12, f"{kind} line")
        picture.dot(ends[0], y + 12, f"{kind} hollow")
        picture.dot(ends[1], y + 12, kind)
        picture.text(ends[0] - 8, y + 16, short(row.p50_ms), "faint", "end")
        picture.text(ends[1] + 8, y + 16, short(row.p99_ms), "faint")
    return str(picture)


def line(title: str, across: str, up: str, points: Sequence[tuple[float, float]]) -> str:
    """One quantity against another one; the axis across is logarithmic and has the points only."""
    left, top, wide, tall = 80, 60, 520, 220
    picture = Picture(left + wide + 80, top + tall + 70, title)
    ticks = nice_ticks(max((y for _, y in points), default=1.0))
    for tick in ticks:
        y = top + tall * (1 - tick / ticks[-1])
        picture.rule(left, y, left + wide, y)
        picture.text(
            left - 8, y + 4, f"{tick:,.4g}" if tick < 10_000 else f"{tick:,.0f}", "faint", "end"
        )
    picture.text(16, top - 12, up, "faint")
    picture.text(left + wide / 2, top + tall + 44, across, "faint", "middle")
    first, last = log10(points[0][0]), log10(points[-1][0])
    places = [
        (
            left + 30 + (wide - 60) * (log10(x) - first) / ((last - first) or 1.0),
            top + tall * (1 - y / ticks[-1]),
        )
        for x, y in points
    ]
    picture.path(places, "ours line")
    for (x, y), (value, cost) in zip(places, points, strict=True):
        picture.dot(x, y, "ours")
        picture.text(x, y - 10, short(cost), "", "middle")
        picture.text(x, top + tall + 20, f"{value:,.0f}", "faint", "middle")
    return str(picture)


def bars(title: str, up: str, values: Sequence[Bar]) -> str:
    """Groups of horizontal bars with their values at the ends."""
    height = 80 + _ROW * len(values) + 24 * len({bar.group for bar in values})
    picture = Picture(760, height, title)
    left, wide = 170, 480
    ticks = nice_ticks(max((bar.value for bar in values), default=1.0))
    y = 50.0
    for tick in ticks:
        x = left + wide * tick / ticks[-1]
        picture.rule(x, y, x, height - 40)
        picture.text(x, height - 24, f"{tick:,.0f}", "faint", "middle")
    picture.text(left, height - 8, up, "faint")
    group = ""
    for bar in values:
        if bar.group != group:
            group = bar.group
            picture.text(16, y + 18, group, "faint")
            y += 24
        long = wide * bar.value / ticks[-1]
        picture.text(left - 10, y + 16, bar.name, "", "end")
        picture.bar(left, y + 3, long, _ROW - 8, bar.kind)
        picture.text(left + long + 6, y + 16, short(bar.value), "faint")
        y += _ROW
    return str(picture)


def _kind(row: Row) -> str:
    if "null" in row.name:
        return "null"
    return "ours" if row.name.startswith("Deemster") else "peer"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    some = [value for value in values if value > 0] or [1.0]
    low, high = int(log10(min(some)) // 1), int(-(-log10(max(some)) // 1))
    return low, max(high, low + 1)
