"""Coverage as LCOV's tracefile, which editors and CI servers read (geninfo(1), "FILES").

A line's count is that of the cases that came by; each outcome that should be seen is a branch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.policytest.coverage.summary import Coverage, CoveredUnit
from deemster.policytest.coverage.units import UnitKind

__all__ = ["lcov_report"]


def lcov_report(coverage: Coverage) -> str:
    """One record a file; ends with LF."""
    lines = ["TN:"]
    for file, units in coverage.by_file().items():
        lines.extend(_record(file, units))
    return "".join(f"{line}\n" for line in lines)


def _record(file: str, units: Sequence[CoveredUnit]) -> Iterator[str]:
    # Nothing in a path may end a record.
    yield f"SF:{file}".replace("\n", " ")
    yield from _functions(units)
    yield from _branches(units)
    yield from _line_counts(units)
    yield "end_of_record"


def _functions(units: Sequence[CoveredUnit]) -> Iterator[str]:
    """Operations and rules: what an LCOV reader lists by name."""
    named = [found for found in units if found.unit.kind in {UnitKind.OPERATION, UnitKind.RULE}]
    for found in named:
        yield f"FN:{found.unit.span.line},{found.unit.name}"
    for found in named:
        yield f"FNDA:{_cases(found)},{found.unit.name}"
    yield f"FNF:{len(named)}"
    yield f"FNH:{sum(found.evaluated for found in named)}"


def _branches(units: Sequence[CoveredUnit]) -> Iterator[str]:
    number = hit = 0
    for block, found in enumerate(units):
        for branch, goal in enumerate(found.unit.goals):
            count = found.counts[goal]
            taken = str(count) if found.evaluated else "-"
            yield f"BRDA:{found.unit.span.line},{block},{branch},{taken}"
            number += 1
            hit += count > 0
    yield f"BRF:{number}"
    yield f"BRH:{hit}"


def _line_counts(units: Sequence[CoveredUnit]) -> Iterator[str]:
    by_line: dict[int, int] = {}
    for found in units:
        line = found.unit.span.line
        by_line[line] = max(by_line.get(line, 0), _cases(found))
    for line, count in sorted(by_line.items()):
        yield f"DA:{line},{count}"
    yield f"LF:{len(by_line)}"
    yield f"LH:{sum(count > 0 for count in by_line.values())}"


def _cases(found: CoveredUnit) -> int:
    """Cases that came by, at least: of several outcomes in one case the most frequent counts."""
    return max(found.counts.values(), default=0)
