"""Custom policies: `$ref` resolved, conditions checked in each place that uses them.

Source: policy-language sections 1, 6 and 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deemster.model.decision import DeniedReason, NodeRef
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.checker import check
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.scope import Scope
from deemster.policy.imports import DeclaringDocument, DocumentGraph
from deemster.policy.names import NameTable
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule
from deemster.policy.tree import (
    CombiningAlgorithm,
    Condition,
    DeniedReasonText,
    PolicyNode,
    RefNode,
    RuleEffect,
    RuleNode,
)

__all__ = ["PolicyChecker", "Use"]

_MOST_NODES = 10_000
"""Nodes of one operation's policies with every `$ref` written out."""

_UNLESS = frozenset({CombiningAlgorithm.DENY_UNLESS_PERMIT, CombiningAlgorithm.PERMIT_UNLESS_DENY})


@dataclass(frozen=True, slots=True)
class Use:
    """Where a policy is used: the file whose names it sees, and how it came there."""

    document: DeclaringDocument
    scope: Scope
    id_path: str
    chain: tuple[tuple[str, SourceSpan], ...] = ()
    """(file of the referenced policy, place of the `$ref`), outermost first."""


class PolicyChecker:
    """Resolves policy nodes; every finding goes to the sink, with the chain of references."""

    def __init__(self, graph: DocumentGraph, names: NameTable, sink: DiagnosticSink) -> None:
        self._graph = graph
        self._names = names
        self._sink = sink
        self._nodes = 0

    def policies(
        self, nodes: Sequence[PolicyNode | RefNode], use: Use
    ) -> tuple[ResolvedPolicy, ...]:
        """A `policies:` or `guards:` list."""
        self._nodes = 0
        resolved = [self._policy(node, use) for node in nodes]
        found = tuple(policy for policy in resolved if policy is not None)
        self._refuse_equal_ids(found, use)
        return found

    def condition(
        self, condition: Condition, use: Use, *, under_deny: bool = False, not_last: bool = False
    ) -> CheckedExpr | None:
        """A condition in the scope of `use`, or None after an error."""
        findings = DiagnosticSink()
        expr = parse_condition(condition, findings)
        checked = (
            check(expr, use.scope, findings, under_deny=under_deny, not_last=not_last)
            if expr is not None
            else None
        )
        for finding in findings.finish():
            self._sink.add(_with_chain(finding, use))
        return checked

    def _policy(self, node: PolicyNode | RefNode, use: Use) -> ResolvedPolicy | None:
        if isinstance(node, RefNode):
            return self._referenced(node, use)
        self._nodes += 1
        id_path = f"{use.id_path}/{node.id.value}"
        inner = replace(use, id_path=id_path)
        target = self.condition(node.target, inner) if node.target is not None else None
        children = self._children(node, inner)
        self._refuse_equal_ids(children, use)
        if self._fails_open(node.combining, children):
            self._refuse_fail_open(node, children, use)
        enabled = [child for child in children if child.enabled]
        reads = target.reads if target is not None else frozenset[str]()
        for child in enabled:
            reads |= _reads(child)
        return ResolvedPolicy(
            ref=NodeRef(id_path, node.id.span),
            combining=node.combining,
            target=target,
            children=children,
            denied_reason=denied_reason(node.denied_reason),
            enabled=node.enabled,
            exempt=node.exempt,
            reads=reads if node.enabled else frozenset(),
            can_fail=(target is not None and target.can_fail)
            or (node.combining not in _UNLESS and any(_can_fail(child) for child in enabled)),
            can_deny=node.combining is CombiningAlgorithm.DENY_UNLESS_PERMIT
            or any(_can_deny(child) for child in enabled),
        )

    def _children(self, node: PolicyNode, inner: Use) -> tuple[ResolvedChild, ...]:
        first_applicable = node.combining is CombiningAlgorithm.FIRST_APPLICABLE
        children: list[ResolvedChild] = []
        for index, child in enumerate(node.children):
            if isinstance(child, RuleNode):
                not_last = first_applicable and index < len(node.children) - 1
                children.append(self._rule(child, inner, not_last=not_last))
            else:
                policy = self._policy(child, inner)
                if policy is not None:
                    children.append(policy)
        return tuple(children)

    def _rule(self, node: RuleNode, use: Use, *, not_last: bool) -> ResolvedRule:
        self._nodes += 1
        under_deny = node.effect is RuleEffect.DENY
        when = (
            self.condition(node.when, use, under_deny=under_deny, not_last=not_last)
            if node.when is not None
            else None
        )
        ref = NodeRef(f"{use.id_path}/{node.id.value}", node.id.span)
        return ResolvedRule(ref, node.effect, when, denied_reason(node.denied_reason), node.enabled)

    def _referenced(self, node: RefNode, use: Use) -> ResolvedPolicy | None:
        document = self._graph.referenced_policy(use.document.file, node.path)
        if document is None:
            return None
        chain = (*use.chain, (document.file, node.path.span))
        if any(file == document.file for file, _ in use.chain):
            circle = " ► ".join(file for file, _ in chain)
            self._sink.error(
                Code.IMPORT_CYCLE, f"this reference closes a circle: {circle}", node.path.span
            )
            return None
        if self._nodes > _MOST_NODES:
            self._sink.error(
                Code.TOO_MANY_NODES,
                f"with its references written out this has more than {_MOST_NODES} nodes",
                node.path.span,
                help="references multiply: use a policy once, higher up",
            )
            return None
        schema = self._graph.schema(document)
        scope = Scope(
            self._names.lexical(document),
            schema.claims,
            schema.user if use.scope.user is not None else None,
            use.scope.params,
        )
        policy = self._policy(document.policy, Use(document, scope, use.id_path, chain))
        if policy is None or node.exempt is None:
            return policy
        return replace(policy, exempt=node.exempt)

    def _refuse_equal_ids(self, children: Sequence[ResolvedChild], use: Use) -> None:
        first: dict[str, ResolvedChild] = {}
        for child in children:
            other = first.setdefault(child.ref.id_path, child)
            if other is child:
                continue
            name = child.ref.id_path.rpartition("/")[2]
            self._sink.add(
                _with_chain(
                    _error(
                        Code.DUPLICATE_ID,
                        f"two nodes beside each other are called `{name}`",
                        child.ref.span,
                        (Note("the first is here", other.ref.span),),
                    ),
                    use,
                )
            )

    def _fails_open(self, combining: CombiningAlgorithm, children: Sequence[ResolvedChild]) -> bool:
        return combining is CombiningAlgorithm.PERMIT_UNLESS_DENY and any(
            child.enabled and _can_deny(child) and _can_fail(child) for child in children
        )

    def _refuse_fail_open(
        self, node: PolicyNode, children: Sequence[ResolvedChild], use: Use
    ) -> None:
        failing = next(child for child in children if _can_deny(child) and _can_fail(child))
        name = failing.ref.id_path.rpartition("/")[2]
        finding = _error(
            Code.FAIL_OPEN_COMBINING,
            f"`permit-unless-deny` permits when deny `{name}` is in error",
            node.combining_span,
            (Note("this condition can be in error", failing.ref.span),),
            help="use `deny-overrides` with a permit rule, or make the condition safe by `has()`",
        )
        self._sink.add(_with_chain(finding, use))


def denied_reason(text: DeniedReasonText | None) -> DeniedReason | None:
    """The author's words without their place."""
    if text is None:
        return None
    return DeniedReason(text.code, text.message, text.detail, text.status)


def _reads(child: ResolvedChild) -> frozenset[str]:
    if isinstance(child, ResolvedPolicy):
        return child.reads
    return child.when.reads if child.when is not None else frozenset()


def _can_fail(child: ResolvedChild) -> bool:
    if isinstance(child, ResolvedPolicy):
        return child.enabled and child.can_fail
    return child.enabled and child.when is not None and child.when.can_fail


def _can_deny(child: ResolvedChild) -> bool:
    if isinstance(child, ResolvedPolicy):
        return child.enabled and child.can_deny
    return child.enabled and child.effect is RuleEffect.DENY


def _error(
    code: Code,
    message: str,
    span: SourceSpan,
    notes: tuple[Note, ...],
    help: str | None = None,
) -> Diagnostic:
    sink = DiagnosticSink()
    sink.error(code, message, span, help=help, notes=notes)
    return next(iter(sink.finish()))


def _with_chain(finding: Diagnostic, use: Use) -> Diagnostic:
    notes = tuple(Note(f"`{file}` is used here", span) for file, span in reversed(use.chain))
    return replace(finding, notes=(*finding.notes, *notes)) if notes else finding
