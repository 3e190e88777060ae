"""Gives the parsed tree its meaning, or says everything that is wrong with it, in one run.

Source: policy-language sections 2 to 6. What is written here is the list of load errors of an
API service; the parts have their own modules (imports, names, policies, `allow`, overlaps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deemster.model.decision import NodeRef
from deemster.model.urls import MalformedUrlError, parse_base_url
from deemster.policy import tree
from deemster.policy.allow_checker import check_allow_lines
from deemster.policy.applications import ApplicationCatalogue, check_applications
from deemster.policy.codes import Code
from deemster.policy.consequences import Consequences
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.scope import Scope
from deemster.policy.expressions.types import INT, STRING, Type
from deemster.policy.guards import (
    applicable_guards,
    check_guards,
    refuse_exempt,
    refuse_identity_on_public,
)
from deemster.policy.imports import DocumentGraph
from deemster.policy.names import NameTable
from deemster.policy.overlaps import check_overlaps
from deemster.policy.policy_checker import PolicyChecker, Use
from deemster.policy.resolved import (
    ProviderFacts,
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedService,
    ResolvedTree,
)
from deemster.policy.routed import RoutedOperation, RoutedService
from deemster.policy.templates import Parameter, Template, parse_templates

__all__ = ["check_tree"]


def check_tree(
    parsed: tree.Tree, providers: Mapping[str, ProviderFacts] | None, sink: DiagnosticSink
) -> ResolvedTree:
    """The resolved tree; usable only if `sink` has no errors.

    `providers` are those of the settings, by id; None means that there are no settings, and that
    everything but the providers' existence is checked.
    """
    findings = DiagnosticSink()
    graph = DocumentGraph(parsed, findings)
    resolved = _resolve(parsed, graph, providers, findings)
    consequences = Consequences(parsed, graph.incomplete)
    for finding in findings.finish():
        if not consequences.explain(finding):
            sink.add(finding)
    return resolved


def _resolve(
    parsed: tree.Tree,
    graph: DocumentGraph,
    providers: Mapping[str, ProviderFacts] | None,
    sink: DiagnosticSink,
) -> ResolvedTree:
    names = NameTable(graph, sink)
    catalogue = check_applications(
        tuple(d for d in parsed.documents if isinstance(d, tree.ApplicationDocument)), sink
    )
    for document in parsed.documents:
        if isinstance(document, tree.LibraryDocument):
            graph.schema(document)
            names.check_unused(document)
        elif isinstance(document, tree.PolicyDocument):
            graph.schema(document)
            names.lexical(document)
    services = tuple(
        _ServiceChecker(document, graph, names, catalogue, providers, sink).resolve()
        for document in parsed.documents
        if isinstance(document, tree.ApiServiceDocument)
    )
    if not services and not parsed.broken:
        _refuse_empty(parsed, sink)
    check_overlaps([_routed(service, sink) for service in services], sink)
    return ResolvedTree(services, catalogue, dict(parsed.digests))


def _refuse_empty(parsed: tree.Tree, sink: DiagnosticSink) -> None:
    # Nothing to decide is a mistake, not a service that denies everything in silence.
    for document in parsed.documents:
        sink.error(
            Code.EMPTY_TREE,
            "the tree has no API service",
            document.metadata.id.span,
            help="add a document with `kind: ApiService`",
        )
        return


class _ServiceChecker:
    """One API service document."""

    def __init__(
        self,
        document: tree.ApiServiceDocument,
        graph: DocumentGraph,
        names: NameTable,
        catalogue: ApplicationCatalogue,
        providers: Mapping[str, ProviderFacts] | None,
        sink: DiagnosticSink,
    ) -> None:
        self._document = document
        self._catalogue = catalogue
        self._providers = providers
        self._sink = sink
        self._policies = PolicyChecker(graph, names, sink)
        self._internal = document.service.provider_type.value == "internal"
        schema = graph.schema(document)
        self._scope = Scope(
            names.lexical(document), schema.claims, schema.user if self._internal else None
        )

    def resolve(self) -> ResolvedService:
        self._check_provider()
        self._check_applications()
        service_id = self._document.metadata.id.value
        guards = self._policies.policies(
            self._document.guards, Use(self._document, self._scope, service_id)
        )
        check_guards(guards, self._document, self._sink)
        operations = [self._operation(operation, guards) for operation in self._document.operations]
        return ResolvedService(
            self._document,
            self._internal,
            tuple(operation for operation in operations if operation is not None),
        )

    def _check_provider(self) -> None:
        service = self._document.service
        provider_id = service.provider_id
        facts = None
        if self._providers is not None:
            facts = self._providers.get(provider_id.value)
            if facts is None:
                self._sink.error(
                    Code.UNKNOWN_PROVIDER,
                    f"the settings have no token provider `{provider_id.value}`",
                    provider_id.span,
                    help=did_you_mean(provider_id.value, self._providers)
                    or "add it to `tokenProviders` in the settings",
                )
            elif facts.kind != service.provider_type.value:
                self._sink.error(
                    Code.UNKNOWN_PROVIDER,
                    f"token provider `{provider_id.value}` is {facts.kind} in the settings, "
                    f"but {service.provider_type.value} here",
                    service.provider_type.span,
                    help="the settings and the tree must say the same",
                )
        self._check_audience(verified=facts is not None and not facts.asserted)

    def _check_audience(self, *, verified: bool) -> None:
        service = self._document.service
        if service.audience is None and (self._internal or verified):
            self._sink.error(
                Code.AUDIENCE_MISSING,
                f"service `{self._document.metadata.id.value}` needs an `audience`",
                service.span,
                help="the value of the `aud` claim that its tokens carry",
            )
        if service.audience is not None and not self._internal and not verified:
            self._sink.error(
                Code.AUDIENCE_EXTERNAL,
                "with asserted claims nothing is compared with an `audience`",
                service.audience.span,
                help="leave it out: the gateway has verified the token",
            )

    def _check_applications(self) -> None:
        for text in self._document.service.applications:
            if text.value not in self._catalogue.documents:
                self._sink.error(
                    Code.UNKNOWN_APPLICATION,
                    f"there is no application `{text.value}`",
                    text.span,
                    help=did_you_mean(text.value, self._catalogue.documents)
                    or "declare it in a document with `kind: Application`",
                )

    def _operation(
        self, operation: tree.Operation, service_guards: tuple[ResolvedPolicy, ...]
    ) -> ResolvedOperation | None:
        templates = parse_templates(operation.paths, operation.params, self._sink)
        use = Use(
            self._document,
            self._scope.with_params(_parameter_types(templates or ())),
            f"{self._document.metadata.id.value}/{operation.id.value}",
        )
        guards = self._policies.policies(operation.guards, use)
        refuse_exempt(guards, self._sink)
        policies = self._policies.policies(operation.policies, use)
        public = isinstance(operation.allow, tree.AllowPublic)
        if public:
            refuse_identity_on_public(operation, (*guards, *policies), self._sink)
        if templates is None:
            return None
        return ResolvedOperation(
            operation=operation,
            ref=NodeRef(use.id_path, operation.id.span),
            public=public,
            templates=templates,
            guards=(*applicable_guards(service_guards, operation, public=public), *guards),
            when=self._allow(operation, use),
            policies=policies,
        )

    def _allow(self, operation: tree.Operation, use: Use) -> CheckedExpr | None:
        allow = operation.allow
        if not isinstance(allow, tree.AllowLines):
            return None
        check_allow_lines(allow, self._document, self._catalogue, self._sink)
        return self._policies.condition(allow.when, use) if allow.when is not None else None


def _parameter_types(templates: Sequence[Template]) -> dict[str, Type]:
    """Parameters that every template of the operation captures, with one type in all of them."""
    types: dict[str, Type] = {}
    for index, template in enumerate(templates):
        captured: dict[str, Type] = {}
        for segment in template.segments:
            if isinstance(segment, Parameter) and segment.name is not None:
                is_int = segment.constraint is not None and segment.constraint.is_int
                captured[segment.name] = INT if is_int else STRING
        if index == 0:
            types = captured
        else:
            types = {name: kind for name, kind in types.items() if captured.get(name) == kind}
    return types


def _routed(service: ResolvedService, sink: DiagnosticSink) -> RoutedService:
    block = service.document.service
    base_urls = []
    for text in block.base_urls:
        try:
            base_urls.append((parse_base_url(text.value), text))
        except MalformedUrlError as malformed:
            sink.error(
                Code.BASE_URL,
                f"`{text.value}` is no base URL: {malformed}",
                text.span,
                help="write scheme, host and path, such as `https://api.example.com/billing`",
            )
    return RoutedService(
        id=service.document.metadata.id.value,
        base_urls=tuple(base_urls),
        operations=tuple(_routed_operation(operation) for operation in service.operations),
        fold_trailing_slash=block.fold_trailing_slash,
        fold_case=block.fold_case,
    )


def _routed_operation(resolved: ResolvedOperation) -> RoutedOperation:
    operation = resolved.operation
    methods = operation.methods
    return RoutedOperation(
        id=operation.id.value,
        methods=tuple(text.value for text in methods) if methods is not None else None,
        templates=resolved.templates,
        also_covers=operation.also_covers,
        span=operation.id.span,
    )
