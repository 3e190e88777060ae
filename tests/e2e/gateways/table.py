"""The table gateway × case of docs/gateways/table.md: what client and upstream saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.gateways.assertions import cell
from tests.e2e.gateways.cases import ALLOWED, CASES, GROUPS
from tests.e2e.gateways.outages import OUTAGES, outages
from tests.e2e.gateways.stand import Stand

__all__ = ["PAGE", "Column", "column_of", "columns_in", "page_of"]

PAGE = Path(__file__).parents[3] / "docs" / "gateways" / "table.md"

Column = Mapping[str, str]
"""Case ► cell."""

BEFORE = """\
# What real gateways do with odd calls

Every gateway runs on the configuration of `examples/gateways/` and asks a real `deemster serve`;
below it is an upstream that wrote down what it was sent. The test run makes every call again and
holds every cell (`tests/e2e/gateways/`; `python -m tests.e2e.gateways` writes this page).

A cell is what the client saw, and after `►` what the upstream saw, if anything: the target, and by
the identity header who the user is. `challenge`: with `WWW-Authenticate`; `step-up`: one with
`insufficient_user_authentication`.

The caller is alice, who may read and add items below `/api`. Nothing below `/admin` is for her:
whatever an upstream was sent, no way of reading its target leads there (decoded once or twice,
`;…` dropped, backslashes folded, dots resolved, slashes merged, in any order and any number).
"""


def column_of(stand: Stand) -> Column:
    """Every case through one gateway; what was tried before is not tried again."""
    cells = {case.name: cell(stand.seen(case), case.call.target) for case in CASES}
    tried = outages(stand)
    return cells | {name: cell(seen, ALLOWED.call.target) for name, seen in tried.items()}


def page_of(columns: Mapping[str, Column]) -> str:
    """The whole page."""
    sections = {title: [case.name for case in cases] for title, cases in GROUPS.items()}
    sections["Outages"] = list(OUTAGES)
    text = BEFORE
    for title, names in sections.items():
        text += f"\n## {title}\n\n" + "\n".join(_table(names, columns)) + "\n"
    return text


def _table(names: Sequence[str], columns: Mapping[str, Column]) -> list[str]:
    lines = [["case", *columns], ["---"] * (len(columns) + 1)]
    lines.extend([name, *(column[name] for column in columns.values())] for name in names)
    return ["| " + " | ".join(line) + " |" for line in lines]


def columns_in(page: str) -> Mapping[str, Column]:
    """Gateway ► column, of a page that `page_of` wrote."""
    columns: dict[str, dict[str, str]] = {}
    gateways: list[str] = []
    for line in page.splitlines():
        if not line.startswith("| "):
            continue
        first, *cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        if first == "case":
            gateways = cells
        elif first != "---":
            for gateway, text in zip(gateways, cells, strict=True):
                columns.setdefault(gateway, {})[first] = text
    return columns
