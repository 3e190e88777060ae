"""Findings that authors have looked at, by `metadata: suppress:` of the file they stand in.

INVARIANT: no error is ever suppressed, but for `fail-open-combining` (language page section 10),
and that only for the one policy that `at` names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deemster.policy.codes import Code
from deemster.policy.diagnostics import (
    Diagnostic,
    DiagnosticSet,
    DiagnosticSink,
    Severity,
    did_you_mean,
)
from deemster.policy.id_places import IdPlaces, id_places
from deemster.policy.tree import Document, Suppression, Tree

__all__ = ["SuppressedFinding", "Suppressions"]


@dataclass(frozen=True, slots=True)
class SuppressedFinding:
    """A finding with the suppression that its author wrote for it."""

    diagnostic: Diagnostic
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class _Written:
    """The suppressions of one document."""

    document: Document
    places: IdPlaces


class Suppressions:
    """All suppressions of a tree."""

    def __init__(self, parsed: Tree) -> None:
        self._by_file = {
            document.metadata.id.span.file: _Written(document, id_places(document))
            for document in parsed.documents
            if document.metadata.suppress
        }
        self._broken = parsed.broken

    def refuse_unknown_places(self, sink: DiagnosticSink) -> None:
        """Report each `at` that names nothing in its document."""
        for written in self._by_file.values():
            if written.document.file in self._broken:
                continue  # the node may be among what could not be read
            known = [written.places.whole, *written.places.within]
            for suppression in written.document.metadata.suppress:
                at = suppression.at
                if at is not None and at.value not in known:
                    sink.error(
                        Code.BAD_SUPPRESSION,
                        f"this file has no node `{at.value}`",
                        at.span,
                        help=did_you_mean(at.value, known)
                        or f"an id path here begins with `{written.places.whole}/`",
                    )

    def divide(
        self, found: Iterable[Diagnostic]
    ) -> tuple[DiagnosticSet, tuple[SuppressedFinding, ...]]:
        """What is left to tell, and what is suppressed."""
        left: list[Diagnostic] = []
        suppressed: list[SuppressedFinding] = []
        for diagnostic in DiagnosticSet(found):
            suppression = self._of(diagnostic)
            if suppression is None:
                left.append(diagnostic)
            else:
                suppressed.append(SuppressedFinding(diagnostic, suppression))
        return DiagnosticSet(left), tuple(suppressed)

    def warn_of_stale(self, suppressed: Iterable[SuppressedFinding], sink: DiagnosticSink) -> None:
        """Report each that suppresses nothing, once all findings of a tree are known."""
        used = {id(each.suppression) for each in suppressed}
        for written in self._by_file.values():
            for suppression in written.document.metadata.suppress:
                if id(suppression) not in used:
                    at = suppression.at
                    where = "in this file" if at is None else f"in `{at.value}`"
                    sink.warning(
                        Code.STALE_SUPPRESSION,
                        f"there is no `{suppression.code}` {where} to suppress",
                        suppression.span,
                        help="remove it, so that it hides no later finding",
                    )

    def _of(self, diagnostic: Diagnostic) -> Suppression | None:
        written = self._by_file.get(diagnostic.span.file)
        if written is None:
            return None
        return next(
            (
                suppression
                for suppression in written.document.metadata.suppress
                if suppression.code is diagnostic.code and _covers(suppression, diagnostic, written)
            ),
            None,
        )


def _covers(suppression: Suppression, diagnostic: Diagnostic, written: _Written) -> bool:
    at = suppression.at
    if diagnostic.severity is Severity.ERROR:
        return (
            diagnostic.code is Code.FAIL_OPEN_COMBINING
            and at is not None
            and written.places.innermost(diagnostic.span) == at.value
        )
    return at is None or written.places.holds(at.value, diagnostic.span)
