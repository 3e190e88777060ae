"""One mistake, told once: a text that is used in many places is not wrong in each of them anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from deemster.policy.diagnostics import Diagnostic, Note

__all__ = ["told_once"]

_MOST_STEPS = 6


def told_once(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings; of several that differ in the way to them alone, the one with the shortest.

    Where a text is wrong by itself that way is empty. Else the finding says how many more places
    lead to it.
    """
    alike: dict[object, list[Diagnostic]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.message, finding.span, finding.help)
        alike.setdefault(key, []).append(finding)
    for group in alike.values():
        yield _shortest(group)


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
