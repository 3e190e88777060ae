"""What `deemster check` finds in a tree that loads: warnings and hints, each in its own module.

Loading stays quick: nothing here runs when a service starts or reloads. Every warning is proved
from the text, or says that it is a guess (`typos`); nothing is reported that a call could refute.
"""

from __future__ import annotations

from deemster.policy.analysis.consequences import report_no_consequence
from deemster.policy.analysis.contradictions import Prover
from deemster.policy.analysis.duplicates import report_duplicates
from deemster.policy.analysis.impossible import report_impossible
from deemster.policy.analysis.overruled import report_overruled
from deemster.policy.analysis.routed_view import RoutedView
from deemster.policy.analysis.shadowed_paths import report_shadowed_paths
from deemster.policy.analysis.specificity_holes import report_specificity_holes
from deemster.policy.analysis.typos import report_typos
from deemster.policy.analysis.unused_names import report_unused_names
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.resolved import ResolvedTree
from deemster.policy.tree import Tree

__all__ = ["analyse"]


def analyse(parsed: Tree, resolved: ResolvedTree, sink: DiagnosticSink) -> None:
    """Report all that is suspicious. For a tree that loaded: without it names would be missing."""
    for service in resolved.services:
        view = RoutedView(service)
        report_shadowed_paths(view, sink)
        report_specificity_holes(view, sink)
    prover = Prover()
    report_impossible(resolved, prover, sink)
    report_duplicates(resolved, sink)
    overruled = DiagnosticSink()
    report_overruled(resolved, prover, overruled)
    told = {finding.span for finding in overruled.finish() if finding.code is Code.NO_CONSEQUENCE}
    for finding in overruled.finish():
        sink.add(finding)
    report_no_consequence(resolved, sink, told)
    report_unused_names(parsed, resolved, sink)
    report_typos(parsed, resolved, sink)
