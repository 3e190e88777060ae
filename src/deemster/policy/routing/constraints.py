"""What a path parameter may hold: `params: {id: {pattern: …}}` or `{type: int | uuid}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import re2

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.patterns.compiling import compile_pattern
from deemster.policy.patterns.problems import MalformedPatternError, shortened
from deemster.policy.tree import ParameterConstraint, Text

__all__ = ["Constraint", "compile_constraints"]

_HIGHEST_INT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Constraint:
    """A check of one whole, decoded, non-empty segment.

    Two are equal where they were written alike. `accepts` answers something true for a segment
    that fits.
    """

    type: str | None
    pattern: str | None
    accepts: Callable[[str], object] = field(compare=False, repr=False)

    @property
    def is_int(self) -> bool:
        """Whether `params.x` is an int."""
        return self.type == "int"

    def __str__(self) -> str:
        return f"pattern {self.pattern}" if self.type is None else f"type {self.type}"


def compile_constraints(
    written: Sequence[ParameterConstraint], sink: DiagnosticSink
) -> Mapping[str, Constraint]:
    """Constraints by parameter name; what cannot be used is reported and left out."""
    compiled: dict[str, Constraint] = {}
    for entry in written:
        constraint = _compiled(entry, sink)
        if constraint is not None:
            compiled[entry.name.value] = constraint
    return compiled


def _compiled(entry: ParameterConstraint, sink: DiagnosticSink) -> Constraint | None:
    pattern = entry.pattern
    if entry.type is None:
        accepts = None if pattern is None else _pattern(pattern, sink)
        if pattern is None or accepts is None:
            return None
        return Constraint(None, pattern.value, accepts)
    if pattern is not None:
        sink.error(
            Code.BAD_VALUE,
            f"parameter `{entry.name.value}` has both a pattern and a type",
            pattern.span,
            help="keep one of them",
        )
        return None
    if entry.type not in _TYPES:
        sink.error(
            Code.BAD_VALUE,
            f"`{entry.type}` is not a parameter type",
            entry.span,
            help=did_you_mean(entry.type, _TYPES) or "known types: int, uuid",
        )
        return None
    return Constraint(entry.type, None, _TYPES[entry.type])


def _pattern(written: Text, sink: DiagnosticSink) -> Callable[[str], object] | None:
    try:
        compile_pattern(written.value)
    except MalformedPatternError as problem:
        sink.error(
            Code.BAD_PATTERN,
            f"the pattern `{shortened(written.value)}` cannot be used: {problem.message}",
            written.span,
            help=problem.help,
        )
        return None
    return _whole_match(written.value)


def _whole_match(pattern: str) -> Callable[[str], object]:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    # A set of one: it answers yes or no in half a microsecond, where a match object costs three.
    # It has no fall-back for a matcher out of memory, hence the bounds of `compile_pattern`.
    whole = re2.Set.FullMatchSet(options)
    whole.Add(pattern)
    whole.Compile()
    match = whole.Match

    def accepts(segment: str) -> object:
        return match(segment.encode())

    return accepts


_INT = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}").fullmatch


def _is_int(segment: str) -> bool:
    return _INT(segment) is not None and int(segment) <= _HIGHEST_INT


_TYPES: Mapping[str, Callable[[str], object]] = {"int": _is_int, "uuid": _UUID}
