"""Resolved tree ► snapshot: conditions become closures, operations become tables.

Nothing is checked here; a tree with errors never arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from deemster.model.decision import NodeRef, Reason, Requirement, ServiceFacts
from deemster.model.tree_revision import tree_revision
from deemster.model.urls import parse_base_url
from deemster.policy.access_table import AccessTable
from deemster.policy.checking.identity_reads import reads_identity
from deemster.policy.checking.policy_checker import denied_reason
from deemster.policy.evaluation import NOTHING_CARRIED, Node
from deemster.policy.expressions.closures import compile_condition
from deemster.policy.expressions.inputs import describe_inputs
from deemster.policy.guards_alone import GuardsAlone
from deemster.policy.node_compiler import compile_node
from deemster.policy.resolved import (
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedService,
    ResolvedTree,
)
from deemster.policy.routing.route_ids import RouteIds
from deemster.policy.routing.tables import BaseUrlTable, OperationTable, Route
from deemster.policy.rule_inputs import (
    acr_input,
    age_input,
    groups_input,
    permissions_input,
    scopes_input,
)
from deemster.policy.rules import (
    AllowLine,
    acr_test,
    groups_test,
    max_age_test,
    permissions_test,
    scopes_test,
)
from deemster.policy.snapshot import (
    CompiledOperation,
    CompiledService,
    PolicySnapshot,
    RoutedCall,
    StepUp,
)
from deemster.policy.statements.attached import changes_answer
from deemster.policy.statements.building import compile_statement
from deemster.policy.statements.operations import CarryingOperation
from deemster.policy.tree import AllowLines, AnyAll, ServiceBlock

__all__ = ["compile_tree"]


def compile_tree(resolved: ResolvedTree) -> PolicySnapshot:
    """The snapshot of a tree that passed the checker.

    Raises ValueError for any other: whoever compiles has looked at the diagnostics.
    """
    if not resolved.complete:
        raise ValueError("a tree with a part left out is not compiled")
    role_permissions = resolved.catalogue.role_permissions()
    services = {
        service.document.metadata.id.value: _service(service, role_permissions)
        for service in resolved.services
    }
    base_urls = BaseUrlTable(
        (
            parse_base_url(text.value),
            _routed(services[service.document.metadata.id.value], text.value),
        )
        for service in resolved.services
        for text in service.document.service.base_urls
    )
    # A question names no URL: the answer is worded as for the first base URL, if there is one.
    routed = {
        service.document.metadata.id.value: _routed(
            services[service.document.metadata.id.value],
            next((text.value for text in service.document.service.base_urls), None),
        )
        for service in resolved.services
    }
    return PolicySnapshot(
        revision=tree_revision(resolved.digests),
        services=services,
        base_urls=base_urls,
        routed=routed,
        access=AccessTable(_questions(resolved.services, routed)),
        applications=tuple(resolved.catalogue.documents.values()),
    )


def _routed(service: CompiledService, base_url: str | None) -> RoutedCall:
    shown = base_url.rstrip("/") if base_url is not None else ""
    facts = ServiceFacts(service.id, shown, service.unmatched_status, service.disclose)
    return RoutedCall(service, facts, f"{shown}/" if shown else service.id)


def _questions(
    services: Iterable[ResolvedService], routed: Mapping[str, RoutedCall]
) -> Iterator[tuple[str, list[str], RoutedCall, CompiledOperation]]:
    for service in services:
        found = routed[service.document.metadata.id.value]
        for resolved in service.operations:
            match = resolved.operation.access
            if match is not None:
                actions = [text.value for text in match.actions]
                compiled = found.service.by_id[resolved.operation.id.value]
                yield match.resource_type.value, actions, found, compiled


def _service(
    resolved: ResolvedService, role_permissions: Mapping[str, frozenset[str]]
) -> CompiledService:
    document = resolved.document
    block = document.service
    # A service's guards and response policies are shared by its operations.
    compiled_guards = {
        guard: compile_node(guard)
        for guards in (
            resolved.guards,
            resolved.response,
            *(operation.guards for operation in resolved.operations),
            *(operation.response for operation in resolved.operations),
        )
        for guard in guards
    }
    operations = [
        _operation(operation, compiled_guards, block) for operation in resolved.operations
    ]
    routes = [
        Route(template, _methods(source), compiled)
        for source, compiled in zip(resolved.operations, operations, strict=True)
        for template in source.templates
    ]
    folding = {
        "fold_trailing_slash": block.fold_trailing_slash,
        "fold_case": block.fold_case,
    }
    return CompiledService(
        id=document.metadata.id.value,
        provider_id=block.provider_id.value,
        internal=resolved.internal,
        audience=block.audience.value if block.audience is not None else None,
        unmatched_status=block.unmatched_status,
        disclose=block.disclose,
        dpop=block.dpop,
        operations=OperationTable(routes, **folding),
        route_ids=RouteIds(routes, **folding),
        by_id={operation.id: operation for operation in operations},
        opened=block.opened,
        # Of all applications: a condition may read any permission that the user holds; a
        # permission *line* names only the service's own (the checker sees to it).
        role_permissions=role_permissions,
        answers_preflight=block.preflight is not None,
        unmatched=_unmatched(resolved, compiled_guards),
        response=_response(resolved.response, compiled_guards, document.metadata.id.value),
    )


def _unmatched(
    resolved: ResolvedService, compiled_guards: Mapping[ResolvedPolicy, Node]
) -> GuardsAlone | None:
    place = resolved.document.service.unmatched
    if place is None:
        return None
    return GuardsAlone.where_none_matches(
        tuple(compiled_guards[guard] for guard in resolved.guards),
        NodeRef(resolved.document.metadata.id.value, place),
        _read_by(resolved.guards),
    )


def _preflight(
    resolved: ResolvedOperation, compiled_guards: Mapping[ResolvedPolicy, Node], block: ServiceBlock
) -> GuardsAlone | None:
    if block.preflight is None:
        return None
    # No credential is read, so a guard that asks who calls has nothing to say.
    guards = [guard for guard in resolved.guards if not reads_identity(guard)]
    return GuardsAlone.on_preflight(
        tuple(compiled_guards[guard] for guard in guards),
        NodeRef(resolved.ref.id_path.partition("/")[0], block.preflight),
        _read_by(guards),
    )


def _response(
    policies: tuple[ResolvedPolicy, ...],
    compiled: Mapping[ResolvedPolicy, Node],
    id_path: str,
) -> GuardsAlone | None:
    if not policies:
        return None
    return GuardsAlone.over_response(
        tuple(compiled[policy] for policy in policies),
        NodeRef(f"{id_path}/response", policies[0].place),
        _read_by(policies),
    )


def _read_by(guards: Iterable[ResolvedPolicy]) -> tuple[str, ...]:
    return tuple(sorted(frozenset().union(*(guard.reads for guard in guards))))


def _methods(resolved: ResolvedOperation) -> tuple[str, ...] | None:
    methods = resolved.operation.methods
    return tuple(text.value for text in methods) if methods is not None else None


def _operation(
    resolved: ResolvedOperation, compiled_guards: Mapping[ResolvedPolicy, Node], block: ServiceBlock
) -> CompiledOperation:
    operation = resolved.operation
    allow = operation.allow
    lines: tuple[AllowLine, ...] | None = None
    grant_ref = resolved.ref
    required_scope = None
    step_up = None
    if allow is not None:
        lines = ()
        grant_ref = NodeRef(f"{resolved.ref.id_path}/allow", allow.span)
    if isinstance(allow, AllowLines):
        lines = tuple(_lines(resolved, allow, grant_ref.id_path))
        required_scope = _required_scope(allow)
        step_up = _step_up(allow)
    guards = tuple(compiled_guards[guard] for guard in resolved.guards)
    policies = tuple(compile_node(policy) for policy in resolved.policies)
    attached = tuple(compile_statement(statement) for statement in resolved.statements)
    carries = attached or any(node.carries != NOTHING_CARRIED for node in (*guards, *policies))
    # Only who has something to gather pays for it.
    kind = CarryingOperation if carries else CompiledOperation
    return kind(
        ref=resolved.ref,
        grant_ref=grant_ref,
        operation_id=operation.id.value,
        public=resolved.public,
        guards=guards,
        lines=lines,
        policies=policies or None,
        attached=attached,
        changes_answer=changes_answer(attached)
        or any(node.carries.body for node in (*guards, *policies)),
        otherwise=denied_reason(operation.otherwise),
        required_scope=required_scope,
        step_up=step_up,
        reads=tuple(sorted(resolved.reads)),
        opened=operation.opened | block.opened,
        response=_response(resolved.response, compiled_guards, resolved.ref.id_path),
        lists_options="OPTIONS" in (_methods(resolved) or ()),
        preflight=_preflight(resolved, compiled_guards, block),
    )


def _lines(resolved: ResolvedOperation, allow: AllowLines, id_path: str) -> list[AllowLine]:
    """In the order of the language page, which is the order in which they are judged."""
    spans = dict(allow.line_spans)

    def ref(line: str) -> NodeRef:
        return NodeRef(f"{id_path}/{line}", spans.get(line, allow.span))

    lines = []
    if allow.scopes is not None:
        names = _names(allow.scopes)
        lines.append(
            AllowLine(
                ref("scopes"),
                Reason.SCOPE_MISSING,
                scopes_test(*names),
                Requirement("scopes", *names),
                scopes_input(),
            )
        )
    if allow.groups is not None:
        place = ref("groups")
        names = _names(allow.groups.names)
        test = groups_test(*names, allow.groups.match, place.span)
        wanted = Requirement("groups", *names)
        seen = groups_input(place.span)
        lines.append(AllowLine(place, Reason.GROUP_MISSING, test, wanted, seen))
    if allow.permissions is not None:
        place = ref("permissions")
        names = _names(allow.permissions)
        test = permissions_test(*names, place.span)
        wanted = Requirement("permissions", *names)
        seen = permissions_input(place.span)
        lines.append(AllowLine(place, Reason.PERMISSION_MISSING, test, wanted, seen))
    if resolved.when is not None:
        lines.append(
            AllowLine(
                ref("when"),
                Reason.POLICY_DENIED,
                compile_condition(resolved.when),
                None,
                describe_inputs(resolved.when),
                resolved.when,
            )
        )
    lines.extend(_authentication_lines(allow, ref("authentication")))
    return lines


def _authentication_lines(allow: AllowLines, place: NodeRef) -> list[AllowLine]:
    lines = []
    if allow.acr is not None:
        accepted = tuple(text.value for text in allow.acr)
        lines.append(
            AllowLine(
                place,
                Reason.AUTHENTICATION_TOO_WEAK,
                acr_test(accepted, place.span),
                Requirement("acr", any_of=accepted),
                acr_input(),
            )
        )
    if allow.max_age is not None:
        lines.append(
            AllowLine(
                place,
                Reason.AUTHENTICATION_TOO_OLD,
                max_age_test(allow.max_age, place.span),
                Requirement("maxAge", seconds=allow.max_age),
                age_input(),
            )
        )
    return lines


def _names(names: AnyAll) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(text.value for text in names.any_of), tuple(text.value for text in names.all_of)


def _required_scope(allow: AllowLines) -> str | None:
    """RFC 6750 3: the scope that would suffice. Of `any` the first: the author's own order."""
    if allow.scopes is None:
        return None
    any_of, all_of = _names(allow.scopes)
    return " ".join(dict.fromkeys((*all_of, *any_of[:1])))


def _step_up(allow: AllowLines) -> StepUp | None:
    if allow.acr is None and allow.max_age is None:
        return None
    acr_values = " ".join(text.value for text in allow.acr) if allow.acr is not None else None
    return StepUp(acr_values, allow.max_age)
