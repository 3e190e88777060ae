"""All suites of a loaded tree."""

from __future__ import annotations

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.tree import PolicyTestDocument
from deemster.policytest.cases import Suite
from deemster.policytest.subject import subjects_of
from deemster.policytest.suite import read_suite

__all__ = ["gather_suites"]


def gather_suites(loaded: LoadedTree, sink: DiagnosticSink, *, now: float) -> tuple[Suite, ...]:
    """In the order of their files; a suite with an error is left out and its errors are in `sink`.

    `now` (epoch seconds) is the time of suites that say none.
    """
    documents = [each for each in loaded.tree.documents if isinstance(each, PolicyTestDocument)]
    if not documents:
        return ()
    subjects = subjects_of(loaded)
    found = [read_suite(document, subjects, sink, now=now) for document in documents]
    return tuple(suite for suite in found if suite is not None)
