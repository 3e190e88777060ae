"""One file's source, line by line: each with its state, its parts and their counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deemster.policytest.coverage.html.markup import Markup, element, joined
from deemster.policytest.coverage.html.state import State, state_of
from deemster.policytest.coverage.summary import CoveredUnit
from deemster.policytest.coverage.units import OUTCOMES, UnitKind

__all__ = ["source_view"]

_CONDITIONS = {UnitKind.CONDITION, UnitKind.NAMED_CONDITION}
_KEY = re.compile(r"(\s*(?:- )?)([A-Za-z_][\w.-]*)(:)(?=\s|$)")
_WIDEST = 20_000
"""Characters of a file's longest line that are worth colouring."""


def source_view(source: str, units: Sequence[CoveredUnit], anchor: str) -> Markup:
    """`anchor` is the file's own; lines are `anchor-L12`."""
    by_line: dict[int, list[CoveredUnit]] = {}
    for unit in units:
        by_line.setdefault(unit.unit.span.line, []).append(unit)
    lines = [
        _line(number, written, by_line.get(number, []), f"{anchor}-L{number}")
        for number, written in enumerate(source.splitlines(), start=1)
    ]
    return element("div", *lines, class_="source")


def _line(number: int, written: str, units: Sequence[CoveredUnit], anchor: str) -> Markup:
    place = element("span", str(number), class_="number")
    if not units:
        code = element("code", *_plain(written))
        return element(
            "div", element("span", place, element("span", class_="mark"), code, class_="row"),
            class_="line", id=anchor,
        )  # fmt: skip
    state = state_of(units)
    mark = element(
        "span",
        element("span", state.symbol, aria_hidden="true"),
        element("span", f"{state.words}: ", class_="spoken"),
        class_="mark",
    )
    code = element("code", *_coloured(written, units))
    row = element("summary", place, mark, code, class_="row")
    parts = element("ul", *map(_part, units), class_="parts")
    return element(
        "details", row, parts, class_=f"line {state.css}", id=anchor, open=state is not State.FULL
    )


def _part(found: CoveredUnit) -> Markup:
    unit = found.unit
    state = state_of([found])
    counts = [_count(found, number) for number in range(len(OUTCOMES[unit.kind]))]
    return element(
        "li",
        element("span", unit.kind.value, class_="kind"),
        " ",
        element("code", unit.name),
        " ",
        *_separated(counts),
        *([element("strong", found.complaint)] if found.complaint else []),
        class_=state.css,
    )


def _count(found: CoveredUnit, number: int) -> Markup:
    goal = OUTCOMES[found.unit.kind][number]
    count = found.counts[goal]
    wanted = goal in found.unit.goals
    css = "count" + (" lacking" if wanted and not count else "") + ("" if wanted else " idle")
    return element("span", f"{goal.value} {count}", class_=css)


def _separated(counts: Sequence[Markup]) -> Iterator[Markup | str]:
    for number, count in enumerate(counts):
        if number:
            yield ", "
        yield count


# --- the text of a line -------------------------------------------------------------------------


def _plain(written: str) -> Iterator[Markup | str]:
    if written.lstrip().startswith("#"):
        yield element("span", written, class_="comment")
        return
    key = _KEY.match(written)
    if key is None:
        yield written or " "
        return
    yield key[1]
    yield element("span", key[2], class_="key")
    yield written[key.end(2) :]


def _coloured(written: str, units: Sequence[CoveredUnit]) -> Iterator[Markup | str]:
    """Conditions of this line as elements, one in another as they are written."""
    spans = sorted(
        {
            (unit.unit.span.column - 1, unit.unit.span.end_column - 1): unit
            for unit in reversed(units)
            if unit.unit.kind in _CONDITIONS and unit.unit.span.end_line == unit.unit.span.line
        }.items(),
        key=lambda item: (item[0][0], -item[0][1]),
    )
    if not spans or len(written) > _WIDEST:
        yield from _plain(written)
        return
    first = spans[0][0][0]
    yield from _plain(written[:first])
    yield from _nested(written, first, len(written), spans)


_Span = tuple[tuple[int, int], CoveredUnit]


def _nested(written: str, start: int, end: int, spans: Sequence[_Span]) -> Iterator[Markup | str]:
    position = start
    while spans:
        (begin, stop), found = spans[0]
        # Conditions lie one in another or apart; whatever does not is left uncoloured.
        inner = [span for span in spans[1:] if begin <= span[0][0] and span[0][1] <= stop]
        rest = [span for span in spans[1:] if span[0][0] >= stop]
        if begin < position or stop > end:
            spans = spans[1:]
            continue
        yield written[position:begin]
        state = state_of([found])
        counts = ", ".join(f"{goal.value} {count}" for goal, count in found.counts.items())
        yield element(
            "span",
            joined(_nested(written, begin, stop, inner)),
            class_=f"condition {state.css}" + ("" if inner else " leaf"),
            title=counts,
        )
        position = stop
        spans = rest
    yield written[position:end]
