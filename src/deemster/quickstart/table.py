"""The quickstart's table, plain enough to be pasted into a README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deemster.quickstart.rehearsal import PERMITTED, Part

__all__ = ["Row", "as_expected", "render_table"]

_HEADS = ("gateway", "call", "answer", "reason", "decided by")


@dataclass(frozen=True, slots=True)
class Row:
    """A part and what came of it.

    `status` is what the client is told, `PERMITTED` where the call goes on to the upstream;
    `step_up` says whether the challenge asks for another authentication (RFC 9470). `record` is
    the decision's line in the decision log.
    """

    part: Part
    status: int
    step_up: bool
    record: Mapping[str, object]


def as_expected(rows: Sequence[Row]) -> bool:
    """Whether each call was answered as the rehearsal says, and recorded."""
    return all(row.status == row.part.status and row.record for row in rows)


def render_table(rows: Sequence[Row]) -> str:
    """One line a call."""
    lines = [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in [_HEADS, *lines]) for column in range(len(_HEADS))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(cells, widths) for cells in [_HEADS, rule, *lines])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    return (
        row.part.gateway,
        row.part.what,
        _answer(row),
        str(row.record.get("reason", "not recorded")),
        _decided_by(row.record),
    )


def _answer(row: Row) -> str:
    told = "permit" if row.status == PERMITTED else str(row.status)
    if row.step_up:
        told += " step-up"
    if row.status != row.part.status:
        told += f" (expected {row.part.status})"
    return told


def _decided_by(record: Mapping[str, object]) -> str:
    deciding = record.get("deciding")
    if not isinstance(deciding, Mapping):
        return "-"
    place = str(deciding.get("place")).rpartition("/policies/")[2]
    return f"{place}  {deciding.get('id_path')}"
