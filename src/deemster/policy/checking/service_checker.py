"""One API service: its provider, its operations, and what guards and grants each of them has.

Source: policy-language sections 2 to 4. Conditions and custom policies: `policy_checker`; the
lines of `allow`: `allow_checker`; guards: `guards`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from deemster.model.decision import NodeRef
from deemster.model.source import SourceSpan
from deemster.model.urls import MalformedUrlError, PathFeature, parse_base_url
from deemster.policy import tree
from deemster.policy.applications import ApplicationCatalogue
from deemster.policy.checking.access_checker import fitting_lines, refuse_public_answer
from deemster.policy.checking.allow_checker import check_allow_lines
from deemster.policy.checking.closed_paths import refuse_closed_paths
from deemster.policy.checking.guards import (
    RESPONSE_POLICY,
    applicable_guards,
    check_guards,
    refuse_exempt,
    refuse_identity_in_statements,
    refuse_identity_on_public,
    refuse_response_of_question,
    warn_idle_guard,
)
from deemster.policy.checking.imports import DocumentGraph
from deemster.policy.checking.method_hints import hint_methods
from deemster.policy.checking.names import NameTable
from deemster.policy.checking.policy_checker import PolicyChecker
from deemster.policy.checking.policy_use import Use
from deemster.policy.checking.sibling_policies import SiblingPolicies
from deemster.policy.checking.unmatched import check_unmatched
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.expressions.scope import Asked, Scope
from deemster.policy.expressions.types import INT, STRING, Type
from deemster.policy.resolved import (
    ProviderFacts,
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedService,
)
from deemster.policy.routing.routed import RoutedOperation, RoutedService
from deemster.policy.routing.templates import Parameter, Template, parse_templates

__all__ = ["ServiceChecker"]


class ServiceChecker:
    """Reports all that is wrong with one API service document."""

    def __init__(
        self,
        document: tree.ApiServiceDocument,
        graph: DocumentGraph,
        names: NameTable,
        policies: PolicyChecker,
        catalogue: ApplicationCatalogue,
        providers: Mapping[str, ProviderFacts] | None,
        sink: DiagnosticSink,
    ) -> None:
        self._document = document
        self._catalogue = catalogue
        self._providers = providers
        self._sink = sink
        self._policies = policies
        self._internal = document.service.provider_type.value == "internal"
        self._id = document.metadata.id.value
        schema = graph.schema(document)
        calls = _first_of(document.operations, about_calls=True)
        questions = _first_of(document.operations, about_calls=False)
        self._scope = Scope(
            names.lexical(document),
            schema.claims,
            schema.user if self._internal else None,
            access=schema.declared,
            asked={**calls, **questions},
        )
        # A condition that several operations use is checked once for all that are asked alike.
        self._scope_of_calls = self._scope.asked_about(calls) if questions else self._scope
        self._scope_of_questions = self._scope.asked_about(questions, has_claims=False)

    def resolve(self) -> tuple[ResolvedService, RoutedService]:
        """What could be resolved, and what the checks of routing look at: every operation."""
        self._check_provider()
        self._check_applications()
        operations = self._document.operations
        guards = self._policies.policies(
            self._document.guards,
            Use(self._document, self._scope, self._id),
            SiblingPolicies(
                {operation.id.value: operation.id.span for operation in operations}
                | _reserved("response", self._document.response)
            ),
        )
        check_guards(guards, self._document, self._sink)
        response = self._service_response()
        check_unmatched(self._document, guards, self._sink, refused=self._policies.refused)
        templates = [
            parse_templates(operation.paths, operation.params, self._sink)
            for operation in operations
        ]
        found = [
            self._operation(operation, parsed, guards, response)
            for operation, parsed in zip(operations, templates, strict=True)
        ]
        hint_methods(operations, self._sink)
        return (
            ResolvedService(
                self._document,
                self._internal,
                tuple(operation for operation in found if operation is not None),
                guards,
                response,
            ),
            self._routed(templates),
        )

    # --- the service block --------------------------------------------------------------------

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
                    help=f"write `type: {facts.kind}`, or name another provider",
                )
                return
        self._check_audience(facts)

    def _check_audience(self, facts: ProviderFacts | None) -> None:
        """An external provider's claims may be asserted or verified: only the settings know."""
        service = self._document.service
        is_asserted = facts is not None and facts.asserted
        is_verified = facts is not None and not facts.asserted
        reads_tokens = any(operation.access is None for operation in self._document.operations)
        if service.audience is None and reads_tokens and (self._internal or is_verified):
            self._sink.error(
                Code.AUDIENCE_MISSING,
                f"service `{self._id}` needs an `audience`, which the tokens of "
                f"`{service.provider_id.value}` are compared with",
                service.provider_id.span,
                help="write `audience:` with the value of the `aud` claim that its tokens carry",
            )
        if service.audience is not None and not self._internal and is_asserted:
            self._sink.error(
                Code.AUDIENCE_EXTERNAL,
                f"the claims of `{service.provider_id.value}` are asserted by a gateway, so nothing"
                " is compared with an `audience`",
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

    # --- operations ---------------------------------------------------------------------------

    def _operation(
        self,
        operation: tree.Operation,
        templates: tuple[Template, ...] | None,
        service_guards: tuple[ResolvedPolicy, ...],
        service_response: tuple[ResolvedPolicy, ...],
    ) -> ResolvedOperation | None:
        """The operation, or None where its paths or its `allow` were refused."""
        id_path = f"{self._id}/{operation.id.value}"
        use = Use(self._document, self._scope_for(operation, templates), id_path)
        allow = operation.allow
        # One node has one id path, so guards, policies and `allow` of an operation are siblings.
        siblings = SiblingPolicies(
            ({"allow": allow.span} if allow is not None else {})
            | _reserved("response", operation.response)
        )
        guards = self._policies.policies(operation.guards, use, siblings)
        refuse_exempt(guards, self._sink)
        for guard in guards:
            warn_idle_guard(guard, self._sink)
        policies = self._policies.policies(operation.policies, use, siblings)
        response = self._response(operation, use)
        statements = self._policies.statements(operation.attach, None, use)
        public = isinstance(allow, tree.AllowPublic) and operation.access is None
        if public:
            refuse_identity_on_public(operation, (*guards, *policies, *response), self._sink)
            refuse_identity_in_statements(operation, statements, self._sink)
        when = None
        is_refused = templates is None
        if operation.access is not None:
            refuse_public_answer(operation, allow, self._sink)
        if isinstance(allow, tree.AllowLines):
            lines = allow
            if operation.access is not None:
                lines = fitting_lines(operation, allow, self._document, self._sink)
            check_allow_lines(lines, self._document, self._catalogue, self._sink)
            if allow.when is not None:
                when = self._policies.condition(allow.when, use)
                is_refused |= when is None
        # INVARIANT: an operation whose `when` was refused is not one without a `when`.
        if is_refused or templates is None:
            self._policies.refused = True
            return None
        return ResolvedOperation(
            operation=operation,
            ref=NodeRef(id_path, operation.id.span),
            public=public,
            templates=templates,
            guards=(*applicable_guards(service_guards, operation, public=public), *guards),
            when=when,
            policies=policies,
            response=(*applicable_guards(service_response, operation, public=public), *response)
            if operation.access is None
            else (),
            statements=statements,
        )

    def _scope_for(
        self, operation: tree.Operation, templates: tuple[Template, ...] | None
    ) -> Scope:
        if operation.access is not None:
            return self._scope_of_questions.at(operation.id)
        params = _written_parameters(operation) if templates is None else _captured(templates)
        return self._scope_of_calls.with_params(params).at(operation.id)

    # --- policies over the upstream's answer --------------------------------------------------

    def _service_response(self) -> tuple[ResolvedPolicy, ...]:
        use = Use(self._document, self._scope_of_calls.over_response(), f"{self._id}/response")
        policies = self._policies.policies(self._document.response, use, SiblingPolicies())
        check_guards(policies, self._document, self._sink, kind=RESPONSE_POLICY)
        return policies

    def _response(self, operation: tree.Operation, use: Use) -> tuple[ResolvedPolicy, ...]:
        if operation.access is not None:
            refuse_response_of_question(operation, self._sink)
            return ()
        inner = replace(use, scope=use.scope.over_response(), id_path=f"{use.id_path}/response")
        policies = self._policies.policies(operation.response, inner, SiblingPolicies())
        refuse_exempt(policies, self._sink, kind=RESPONSE_POLICY)
        for policy in policies:
            warn_idle_guard(policy, self._sink, kind=RESPONSE_POLICY)
        return policies

    def _routed(self, templates: Sequence[tuple[Template, ...] | None]) -> RoutedService:
        block = self._document.service
        base_urls = []
        for text in block.base_urls:
            try:
                base_urls.append((parse_base_url(text.value), text))
            except MalformedUrlError as malformed:
                self._policies.refused = True
                self._sink.error(
                    Code.BASE_URL,
                    f"`{text.value}` is no base URL: {malformed}",
                    text.span,
                    help="write scheme, host and path, such as `https://api.example.com/billing`",
                )
        operations = tuple(
            _routed_operation(operation, parsed or (), block.opened)
            for operation, parsed in zip(self._document.operations, templates, strict=True)
            if operation.access is None
        )
        for operation in operations:
            refuse_closed_paths(operation, self._sink)
        return RoutedService(
            id=self._id,
            base_urls=tuple(base_urls),
            operations=operations,
            fold_trailing_slash=block.fold_trailing_slash,
            fold_case=block.fold_case,
        )


def _first_of(operations: Iterable[tree.Operation], *, about_calls: bool) -> dict[Asked, tree.Text]:
    """The first operation that answers HTTP calls, or AuthZEN questions, to show that one does."""
    found = [operation.id for operation in operations if (operation.access is None) is about_calls]
    return {Asked.CALL if about_calls else Asked.QUESTION: found[0]} if found else {}


def _reserved(
    key: str, policies: Sequence[tree.PolicyNode | tree.RefNode]
) -> dict[str, SourceSpan]:
    """An id that no sibling may have, as it stands for the part of a path that `key` is."""
    return {key: policies[0].span} if policies else {}


def _captured(templates: Iterable[Template]) -> dict[str, Type]:
    """Parameters that every template of the operation captures, with one type in all of them."""
    found = [_captured_by(template) for template in templates]
    first, others = found[0], found[1:]
    return {
        name: kind
        for name, kind in first.items()
        if all(other.get(name) is kind for other in others)
    }


def _captured_by(template: Template) -> dict[str, Type]:
    return {
        segment.name: INT
        if segment.constraint is not None and segment.constraint.is_int
        else STRING
        for segment in template.segments
        if isinstance(segment, Parameter) and segment.name is not None
    }


_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}?")


def _written_parameters(operation: tree.Operation) -> dict[str, Type]:
    """What the paths would capture, had they no mistake: that they have one is told already."""
    integers = {entry.name.value for entry in operation.params if entry.type == "int"}
    names = {name for path in operation.paths for name in _PARAMETER.findall(path.value)}
    names.update(entry.name.value for entry in operation.params)
    return {name: INT if name in integers else STRING for name in names}


def _routed_operation(
    operation: tree.Operation,
    templates: tuple[Template, ...],
    opened_by_service: frozenset[PathFeature],
) -> RoutedOperation:
    methods = operation.methods
    return RoutedOperation(
        id=operation.id.value,
        methods=tuple(text.value for text in methods) if methods is not None else None,
        templates=templates,
        also_covers=operation.also_covers,
        span=operation.id.span,
        opened=operation.opened | opened_by_service,
    )
