"""Dotted names as written: their parts, and what to say of one that goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.expressions import ast
from deemster.policy.expressions.report import Report

__all__ = [
    "Path",
    "Segment",
    "only_member",
    "path_of",
    "report_no_members",
    "report_unknown_member",
]


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a dotted name; `is_index` where it was written `['x']`."""

    text: str
    span: SourceSpan
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """`claims.sub`, `request.headers['x-tenant']`: at least one segment."""

    segments: tuple[Segment, ...]
    span: SourceSpan

    @property
    def root(self) -> str:
        """The first name."""
        return self.segments[0].text

    def __str__(self) -> str:
        return ".".join(segment.text for segment in self.segments)


def path_of(expr: ast.Expr) -> Path | None:
    """The dotted name that an expression is, or None if it is something else."""
    segments: list[Segment] = []
    node = expr
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Member):
            segments.append(Segment(node.name, node.name_span))
        elif isinstance(node, ast.Index) and isinstance(node.index, ast.StringLiteral):
            segments.append(Segment(node.index.value, node.index.span, is_index=True))
        else:
            return None
        node = node.operand
    segments.append(Segment(node.identifier, node.span))
    return Path(tuple(reversed(segments)), expr.span)


def only_member(path: Path, report: Report, help: str) -> Segment | None:
    """The second of exactly two segments."""
    if len(path.segments) == 1:
        report.error(Code.TYPE_MISMATCH, f"`{path.root}` is not a value", path.span, help=help)
        return None
    if len(path.segments) > 2:
        report_no_members(report, f"{path.root}.{path.segments[1].text}", path.segments[2])
        return None
    return path.segments[1]


def report_no_members(report: Report, owner: str, segment: Segment) -> None:
    """A name that goes on where it had ended."""
    report.error(Code.UNKNOWN_NAME, f"`{owner}` has no members", segment.span)


def report_unknown_member(
    report: Report, kind: str, segment: Segment, known: Iterable[str], otherwise: str | None
) -> None:
    report.error(
        Code.UNKNOWN_NAME,
        f"unknown {kind} `{segment.text}`",
        segment.span,
        help=did_you_mean(segment.text, known) or otherwise,
    )
