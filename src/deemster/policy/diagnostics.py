"""What is wrong with a text, where, and how to mend it.

Messages are one lower-case sentence without a full stop, user text in backticks; what to do goes
into `help`. Codes are stable (`codes.py`); tools and suppressions rely on them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code

__all__ = ["Diagnostic", "DiagnosticSet", "DiagnosticSink", "Note", "Severity", "did_you_mean"]


class Severity(Enum):
    """Only errors stop a tree from loading."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that explains the first.

    A `…` in the message stands for the place of `span` (`declared at … as int 0..9`); without
    one the place follows (`first written here at lib/standard.yaml:10:5`). `is_step` marks one
    step of the way from a place of use to the finding.
    """

    message: str
    span: SourceSpan | None = None
    is_step: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding."""

    code: Code
    severity: Severity
    message: str
    span: SourceSpan
    help: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """By file, place, code, text: the order in which people see findings."""
        return (self.span.file, self.span.line, self.span.column, self.code, self.message)


class DiagnosticSet:
    """Findings of one run: sorted, each once."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Diagnostic]) -> None:
        self.items = tuple(sorted(set(items), key=lambda item: item.sort_key))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Those that stop a tree from loading."""
        return tuple(item for item in self.items if item.severity is Severity.ERROR)


class DiagnosticSink:
    """Collects findings while a text is read; nothing stops at the first."""

    __slots__ = ("_items", "error_count")

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []
        self.error_count = 0
        """Errors so far: a reader that compares it before and after knows whether it failed."""

    def add(self, diagnostic: Diagnostic) -> None:
        """Take one finding."""
        self._items.append(diagnostic)
        if diagnostic.severity is Severity.ERROR:
            self.error_count += 1

    def error(
        self,
        code: Code,
        message: str,
        span: SourceSpan,
        *,
        help: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Take an error."""
        self.add(Diagnostic(code, Severity.ERROR, message, span, help, notes))

    def warning(
        self,
        code: Code,
        message: str,
        span: SourceSpan,
        *,
        help: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Take a warning."""
        self.add(Diagnostic(code, Severity.WARNING, message, span, help, notes))

    def hint(
        self, code: Code, message: str, span: SourceSpan, *, help: str, notes: tuple[Note, ...] = ()
    ) -> None:
        """Take a hint."""
        self.add(Diagnostic(code, Severity.HINT, message, span, help, notes))

    @property
    def has_errors(self) -> bool:
        """Whether anything collected so far stops the tree."""
        return self.error_count > 0

    def finish(self) -> DiagnosticSet:
        """All findings, sorted, each once."""
        return DiagnosticSet(self._items)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """`did you mean `x`?` for the nearest known name, or None if none is near."""
    folded = name.lower()
    near = []
    for candidate in _at_most(known, name):
        if candidate.lower() == folded:
            return f"did you mean `{candidate}`?"
        if abs(len(candidate) - len(name)) <= _LENGTHS_APART * len(name) + 1:
            near.append(candidate)
    if len(near) > _MOST_COMPARED:
        near = [each for each in near if each[:2] == name[:2] or each[-2:] == name[-2:]]
        near = sorted(near, key=lambda each: abs(len(each) - len(name)))[:_MOST_COMPARED]
    found = difflib.get_close_matches(name, near, n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else None


def _at_most(known: Iterable[str], name: str) -> Sequence[str]:
    candidates = list(known)
    if len(candidates) > _MOST_LOOKED_AT:
        candidates = [each for each in candidates if each[:2] == name[:2] or each[-2:] == name[-2:]]
    return candidates[:_MOST_LOOKED_AT]


_MOST_LOOKED_AT = 1_000
"""Names of which more is looked at than their ends."""

_LENGTHS_APART = 1.4
"""No name that is so much longer, relatively, comes near enough."""

_MOST_COMPARED = 50
"""Names that are compared letter by letter; of more, those with the same ends, the nearest in
length."""
