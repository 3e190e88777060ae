"""A trace for a terminal: nodes in columns, conditions part by part, values under their names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from deemster.policytest.explanation import NOT_EVALUATED, ConditionPart, SeenValue, shortened
from deemster.policytest.paint import Paint
from deemster.policytest.printable import printable
from deemster.policytest.trace import NOT_REACHED, TraceRow

__all__ = ["trace_lines", "values_under"]

_DECIDES = "  <- decides"
_INDENT = "  "


def trace_lines(
    rows: Sequence[TraceRow], *, paint: Paint, told: Collection[str | None]
) -> Iterator[str]:
    """`file:line  id path  outcome`, below it what the condition saw.

    `told` are id paths: of the node that decided, and of others that matter. Conditions of their
    sections are told part by part, all others in one line; where they are in no section (nothing
    applied, for one), all conditions are told so.
    """
    deciding = next(iter(told), None)
    sections = {row.section for row in rows if row.id_path in told or row.section in told} - {""}
    place_width = max((len(row.place) for row in rows), default=0)
    path_width = max((len(row.id_path) for row in rows), default=0)
    outcome_width = max((len(row.outcome) for row in rows), default=0)
    for row in rows:
        in_parts = row.condition is not None and (not sections or row.section in sections)
        detail = "" if in_parts else printable(row.detail)
        line = (
            f"{printable(row.place):<{place_width}}  {printable(row.id_path):<{path_width}}  "
            f"{row.outcome:<{outcome_width}}  {detail}"
        ).rstrip()
        if row.outcome == NOT_REACHED:
            yield paint.dim(line)
            continue
        yield paint.bold(line + _DECIDES) if row.id_path == deciding else line
        if row.condition is not None and in_parts:
            yield from _part_lines(row.condition, _INDENT, paint)


def _part_lines(part: ConditionPart, indent: str, paint: Paint) -> Iterator[str]:
    text = printable(part.text)
    width = max(len(word) for word in ("true", "false", "error"))
    if part.outcome == NOT_EVALUATED:
        yield paint.dim(f"{indent}{'-':<{width}}  {text}")
        return
    line = f"{indent}{paint.outcome(f'{part.outcome:<{width}}', part.outcome)}  {text}"
    # The error of a value stands below, in the place of the value.
    told_below = shortened(part.error) in {value.told for value in part.values}
    if part.error and not part.parts and not told_below:
        line += f"    {printable(part.error)}"
    yield line
    margin = indent + " " * (width + 2)
    if text == part.text:
        yield from (margin + below for below in values_under(part.values))
    for inner in part.parts:
        yield from _part_lines(inner, indent + _INDENT, paint)


def values_under(values: Sequence[SeenValue]) -> Iterator[str]:
    """Lines to stand under a text: each value begins where its name does.

    What has no room beside its neighbour goes one line lower, with a bar that leads to it.
    """
    remaining = sorted(values, key=lambda value: value.offset)
    while remaining:
        line, lower = "", list[SeenValue]()
        # From the right: a value may run on as far as it likes if nothing follows it.
        limit: int | None = None
        cells = list[tuple[int, str]]()
        for value in reversed(remaining):
            told = printable(value.told)
            if limit is None or value.offset + len(told) < limit:
                cells.append((value.offset, told))
            else:
                cells.append((value.offset, "|"))
                lower.append(value)
            limit = value.offset
        for offset, told in reversed(cells):
            line = f"{line:<{offset}}{told}"
        yield line
        remaining = sorted(lower, key=lambda value: value.offset)
