"""The quickstart's table, plain enough to be pasted into a README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deemster.quickstart.rehearsal import Part

__all__ = ["Row", "as_expected", "render_table"]


@dataclass(frozen=True, slots=True)
class Row:
    """A part and what came of it; `record` is its line of the decision log."""

    part: Part
    status: int
    record: Mapping[str, object]


def as_expected(rows: Sequence[Row]) -> bool:
    """Whether each call was answered as the rehearsal says."""
    return all(row.status == row.part.status for row in rows)


def render_table(rows: Sequence[Row]) -> str:
    """Columns: gateway, what, method, answer, reason, deciding node."""
    heads = ("gateway", "what", "answer", "reason", "decided by")
    lines = [_cells(row) for row in rows]
    widths = [max(len(line[index]) for line in [heads, *lines]) for index in range(len(heads))]
    rule = "  ".join("-" * width for width in widths)
    text = [_line(heads, widths), rule, *(_line(line, widths) for line in lines)]
    return "\n".join(text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    permitted = row.record.get("effect") == "permit"
    answer = "permit" if permitted else f"{row.status} deny"
    if row.status != row.part.status:
        answer += f" (expected {row.part.status})"
    return (
        str(row.record.get("gateway")),
        row.part.what,
        answer,
        str(row.record.get("reason")),
        _decided_by(row.record),
    )


def _decided_by(record: Mapping[str, object]) -> str:
    deciding = record.get("deciding")
    if not isinstance(deciding, Mapping):
        return "-"
    place = str(deciding.get("place")).rpartition("policies/")[2]
    return f"{deciding.get('id_path')} ({place})"
