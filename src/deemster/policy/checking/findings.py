"""One mistake, told once: a text that is used in many places is not wrong in each of them anew.

And an end to all telling: a tree in which everything is wrong is not looked at to its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note, Severity

__all__ = ["BoundedFindings", "EnoughErrorsError", "told_once"]

_MOST_STEPS = 6

MOST_ERRORS = 1_000
"""Different errors in a tree whose documents could be read."""

MOST_REPEATED = 50_000
"""Findings of all kinds after which one that was told before is not told of another place."""


class EnoughErrorsError(Exception):
    """So much is wrong that looking on helps nobody and would take its time."""


class BoundedFindings(DiagnosticSink):
    """Findings up to a bound of errors; `add` raises EnoughErrorsError beyond, and says so."""

    __slots__ = ("_different_errors", "_findings", "_said")

    def __init__(self) -> None:
        super().__init__()
        self._said: set[object] = set()
        self._different_errors = 0
        self._findings = 0

    def add(self, diagnostic: Diagnostic) -> None:
        is_error = diagnostic.severity is Severity.ERROR
        said = _said_of(diagnostic)
        if said not in self._said:
            self._said.add(said)
            self._different_errors += is_error
        elif self._findings >= MOST_REPEATED:
            return  # one more way to what was said often enough
        self._findings += 1
        super().add(diagnostic)
        if self._different_errors >= MOST_ERRORS:
            super().add(
                Diagnostic(
                    Code.TOO_MANY_ERRORS,
                    Severity.ERROR,
                    f"{MOST_ERRORS:,} errors found, the rest of the tree was not checked",
                    diagnostic.span,
                )
            )
            raise EnoughErrorsError


def told_once(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings; of several that differ in the way to them alone, the one with the shortest.

    Where a text is wrong by itself that way is empty. Else the finding says how many more places
    lead to it.
    """
    alike: dict[object, list[Diagnostic]] = {}
    for finding in findings:
        alike.setdefault(_said_of(finding), []).append(finding)
    for group in alike.values():
        yield _shortest(group)


def _said_of(finding: Diagnostic) -> object:
    """Equal for findings that differ in the way to them alone."""
    return (finding.code, finding.severity, finding.message, finding.span, finding.help)


def _shortest(group: list[Diagnostic]) -> Diagnostic:
    first = min(group, key=lambda finding: len(_steps(finding)))
    steps = _steps(first)
    notes = [note for note in first.notes if not note.is_step]
    if len(steps) > _MOST_STEPS:
        kept = _MOST_STEPS // 2
        between = Note(f"… {len(steps) - 2 * kept} more steps …")
        notes += [*steps[:kept], between, *steps[-kept:]]
    else:
        notes += steps
    if steps and len(group) > 1:
        more = len(group) - 1
        notes.append(Note(f"and in {more} more place{'' if more == 1 else 's'}"))
    return replace(first, notes=tuple(notes))


def _steps(finding: Diagnostic) -> list[Note]:
    return [note for note in finding.notes if note.is_step]
