"""Gives the parsed tree its meaning, or says everything that is wrong with it, in one run.

Source: policy-language sections 2 to 6. Each part has its own module: imports, names,
applications, API services, custom policies, overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.applications import ApplicationCatalogue, check_applications
from deemster.policy.checking.access_checker import check_access_pairs
from deemster.policy.checking.consequences import Consequences
from deemster.policy.checking.findings import BoundedFindings, EnoughErrorsError, told_once
from deemster.policy.checking.imports import DocumentGraph
from deemster.policy.checking.names import NameTable
from deemster.policy.checking.overlaps import check_overlaps
from deemster.policy.checking.policy_checker import PolicyChecker
from deemster.policy.checking.policy_use import Use
from deemster.policy.checking.service_checker import ServiceChecker
from deemster.policy.checking.source_names import check_sources
from deemster.policy.checking.statements import StatementTable, warn_unused_statements
from deemster.policy.checking.usage import Usage, warn_unused_imports, warn_unused_policy
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions.scope import Scope
from deemster.policy.resolved import ProviderFacts, ResolvedTree, SourceFacts

__all__ = ["check_tree"]


def check_tree(
    parsed: tree.Tree,
    providers: Mapping[str, ProviderFacts] | None,
    sink: DiagnosticSink,
    sources: SourceFacts | None = None,
) -> ResolvedTree:
    """The resolved tree; usable only if `sink` has no errors.

    `providers` are those of the settings, by id, and `sources` what attributes may name; None
    means that there are no settings, and that everything but that these exist is checked.
    """
    findings = BoundedFindings()
    incomplete: frozenset[str] = frozenset()
    try:
        graph = DocumentGraph(parsed, findings)
        incomplete = graph.incomplete
        if sources is not None:
            for document in graph.ordered:
                check_sources(document.declarations.attributes, sources, findings)
        resolved = _resolve(parsed, graph, providers, findings)
    except EnoughErrorsError:
        # INVARIANT: what was not looked at to its end is not complete, and is never compiled.
        catalogue = ApplicationCatalogue({}, {})
        resolved = ResolvedTree((), catalogue, dict(parsed.digests), complete=False)
    consequences = Consequences(parsed, incomplete, unread=sink.has_errors)
    for finding in told_once(findings.finish()):
        if not consequences.explain(finding):
            sink.add(finding)
    return resolved


def _resolve(
    parsed: tree.Tree,
    graph: DocumentGraph,
    providers: Mapping[str, ProviderFacts] | None,
    sink: DiagnosticSink,
) -> ResolvedTree:
    usage = Usage()
    names = NameTable(graph, usage, sink)
    catalogue = check_applications(
        tuple(d for d in parsed.documents if isinstance(d, tree.ApplicationDocument)), sink
    )
    for document in graph.ordered:
        names.check_declared(document)
    statements = StatementTable(graph, names, usage, sink)
    for document in graph.ordered:
        statements.check_declared(document)
    policies = PolicyChecker(graph, names, statements, usage, sink)
    services = [
        ServiceChecker(document, graph, names, policies, catalogue, providers, sink).resolve()
        for document in parsed.documents
        if isinstance(document, tree.ApiServiceDocument)
    ]
    refused = policies.refused
    if not services and not parsed.broken:
        _refuse_empty(parsed, sink)
    unused = [
        document
        for document in parsed.documents
        if isinstance(document, tree.PolicyDocument) and document.file not in policies.referenced
    ]
    for document in unused:
        if document.file in policies.referenced:
            continue  # looked at as a part of another one
        schema = graph.schema(document)
        scope = Scope(
            names.lexical(document),
            schema.claims,
            schema.user,
            access=schema.declared,
            in_response=True,
        )
        policies.whole_document(document, Use(document, scope, "", params_known=False))
    check_overlaps([routed for _, routed in services], sink)
    check_access_pairs(
        [d for d in parsed.documents if isinstance(d, tree.ApiServiceDocument)], sink
    )
    # Of a tree with errors it is not known what the part that was refused would have used.
    if not sink.has_errors and not parsed.broken:
        for document in unused:
            warn_unused_policy(document, sink)
        warn_unused_imports(graph, usage, sink)
        warn_unused_statements(statements, graph.ordered, sink)
    return ResolvedTree(
        services=tuple(service for service, _ in services),
        catalogue=catalogue,
        digests=dict(parsed.digests),
        complete=not refused and bool(services) and not parsed.broken,
        named=usage.by_file(),
    )


def _refuse_empty(parsed: tree.Tree, sink: DiagnosticSink) -> None:
    # Nothing to decide is a mistake, not a service that denies everything in silence.
    first = next((document.metadata.id.span for document in parsed.documents), None)
    sink.error(
        Code.EMPTY_TREE,
        "the tree has no API service, so there is nothing to decide",
        first or SourceSpan(".", 1, 1, 1, 1),
        help="add a document with `kind: ApiService`",
    )
