"""Coverage as JSON."""

from __future__ import annotations

from deemster.policytest.coverage.summary import Coverage, CoveredUnit, Share

__all__ = ["coverage_json", "missing_json", "shares_json"]


def shares_json(coverage: Coverage) -> dict[str, object]:
    """`{percent, covered, goals, kinds: {kind: {percent, covered, goals}}}`"""
    return {
        **_share(coverage.total),
        "kinds": {kind.value: _share(share) for kind, share in coverage.by_kind().items()},
    }


def coverage_json(coverage: Coverage) -> dict[str, object]:
    """The shares, and every unit with its counts; lines and columns from 1, ends exclusive."""
    return {**shares_json(coverage), "units": [_unit(unit) for unit in coverage.units]}


def missing_json(coverage: Coverage) -> list[dict[str, object]]:
    """Every unit that lacks something."""
    return [_unit(unit) for unit in coverage.missing()]


def _share(share: Share) -> dict[str, object]:
    return {"percent": share.percent, "covered": share.covered, "goals": share.goals}


def _unit(found: CoveredUnit) -> dict[str, object]:
    unit, span = found.unit, found.unit.span
    return {
        "kind": unit.kind.value,
        "name": unit.name,
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
        "counts": {goal.value: count for goal, count in found.counts.items()},
        "goals": [goal.value for goal in unit.goals],
        "missing": [goal.value for goal in found.missing],
    }
