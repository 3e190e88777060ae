"""Everything that `deemster check` says of a tree: loading, analyses, suites, suppressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deemster.policy.analysis import analyse
from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.suppression import SuppressedFinding, Suppressions
from deemster.policy.tree import PolicyTestDocument
from deemster.policytest.untested import report_untested

if TYPE_CHECKING:
    from deemster.policytest.cases import Suite

__all__ = ["Review", "review"]


@dataclass(frozen=True, slots=True, eq=False)
class Review:
    """`diagnostics` are to be told, `suppressed` only on request; `suites` could be read."""

    diagnostics: DiagnosticSet
    suppressed: tuple[SuppressedFinding, ...]
    suites: tuple[Suite, ...]


def review(loaded: LoadedTree, *, now: float) -> Review:
    """All findings of a tree that loaded. `now` (epoch seconds): for suites that name no time."""
    sink = DiagnosticSink()
    suites: tuple[Suite, ...] = ()
    asked = None
    if any(isinstance(document, PolicyTestDocument) for document in loaded.tree.documents):
        # Slow to import, and needed for suites alone.
        from deemster.policytest.asked import AskedOperations
        from deemster.policytest.gathering import gather_suites

        suites = gather_suites(loaded, sink, now=now)
        asked = AskedOperations(loaded.snapshot, suites)
    report_untested(loaded, asked, sink)
    analyse(loaded.tree, loaded.resolved, sink)
    suppressions = Suppressions(loaded.tree)
    found = [
        *loaded.diagnostics,
        *[each.diagnostic for each in loaded.suppressed],
        *sink.finish(),
    ]
    left, suppressed = suppressions.divide(found)
    stale = DiagnosticSink()
    # A suite that cannot be read might have had what a suppression is for.
    if not sink.has_errors:
        suppressions.warn_of_stale(suppressed, stale)
    return Review(DiagnosticSet([*left, *stale.finish()]), suppressed, suites)
