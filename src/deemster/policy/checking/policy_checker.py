"""Custom policies: `$ref` resolved, conditions checked in each place that uses them.

Source: policy-language sections 1, 6 and 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deemster.model.decision import DeniedReason, NodeRef
from deemster.policy.checking.condition_cycles import used_names
from deemster.policy.checking.imports import DocumentGraph
from deemster.policy.checking.names import NameTable
from deemster.policy.checking.policy_use import Use
from deemster.policy.checking.response_phase import in_its_phase
from deemster.policy.checking.sibling_policies import SiblingPolicies
from deemster.policy.checking.statements import StatementTable
from deemster.policy.checking.usage import Usage
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.checker import check
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.guards import guards_of
from deemster.policy.expressions.scope import Scope
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule
from deemster.policy.statements.resolved import ResolvedStatement
from deemster.policy.tree import (
    Child,
    CombiningAlgorithm,
    Condition,
    DeniedReasonText,
    PolicyDocument,
    PolicyNode,
    RefNode,
    RuleEffect,
    RuleNode,
    Text,
)

__all__ = ["PolicyChecker", "denied_reason"]

MOST_NODES = 10_000
"""Nodes of one list of policies with every `$ref` written out: references may multiply."""
MOST_TREE_NODES = 100_000
"""Nodes of all lists of a tree with every `$ref` written out."""
MOST_LEVELS = 32
"""Policies one in another with every `$ref` written out: evaluation descends one for each."""

_UNLESS = frozenset({CombiningAlgorithm.DENY_UNLESS_PERMIT, CombiningAlgorithm.PERMIT_UNLESS_DENY})


class PolicyChecker:
    """Resolves policy nodes; every finding goes to the sink, with the chain of references.

    `refused` says that something was left out because of an error, at any time.
    """

    def __init__(
        self,
        graph: DocumentGraph,
        names: NameTable,
        statements: StatementTable,
        usage: Usage,
        sink: DiagnosticSink,
    ) -> None:
        self.refused = False
        self.referenced: set[str] = set()
        """Files of the Policy documents that were used."""
        self._graph = graph
        self._names = names
        self._statements = statements
        self._usage = usage
        self._sink = sink
        self._nodes = 0
        self._nodes_before = 0
        """Of the lists before the present one."""

    def policies(
        self,
        nodes: Sequence[PolicyNode | RefNode],
        use: Use,
        siblings: SiblingPolicies,
    ) -> tuple[ResolvedPolicy, ...]:
        """A `policies:` or `guards:` list; `siblings` holds the ids that others beside it have."""
        self._nodes_before += self._nodes
        self._nodes = 0
        found = []
        for node in nodes:
            policy = self._policy_or_reference(node, use)
            if policy is not None:
                siblings.take(node, policy, use.with_chain, self._sink)
                found.append(policy)
        return tuple(found)

    def whole_document(self, document: PolicyDocument, use: Use) -> ResolvedPolicy | None:
        """A Policy document by itself, for one that no service uses."""
        self._nodes = 0
        return self._policy(document.policy, use)

    def condition(
        self, condition: Condition, use: Use, *, under_deny: bool = False, not_last: bool = False
    ) -> CheckedExpr | None:
        """A condition in the scope of `use`, or None, then `refused`."""
        findings = DiagnosticSink()
        expr = parse_condition(condition, findings)
        checked = None
        if expr is not None:
            self._usage.name(use.document.file, expr)
            if use.params_known or not self._names.names_parameters(
                used_names(expr), use.scope.lexical
            ):
                checked = check(
                    expr,
                    use.scope,
                    findings,
                    under_deny=under_deny,
                    not_last=not_last,
                    guarded=use.present,
                )
        for finding in findings.finish():
            self._sink.add(use.with_chain(finding))
        if checked is None:
            self.refused = True
            return None
        self._usage.read(use.document.file, checked.reads)
        # Of a policy that nobody uses yet, its place says whether it is about answers.
        return in_its_phase(checked, use.scope) if use.params_known else checked

    def statements(
        self, attach: Sequence[Text], words: DeniedReasonText | None, use: Use
    ) -> tuple[ResolvedStatement, ...]:
        """What a node carries that names these. Where one is missing, then `refused`."""
        found = self._statements.resolve(attach, words, use)
        # INVARIANT: a node whose statement was refused is not a node without it.
        self.refused |= self._statements.refused
        return found

    # --- policies -----------------------------------------------------------------------------

    def _policy_or_reference(
        self, node: PolicyNode | RefNode, use: Use, *, not_last: bool = False
    ) -> ResolvedPolicy | None:
        if not isinstance(node, RefNode):
            return self._policy(node, use, not_last=not_last)
        policy = self._referenced(node, use, not_last=not_last)
        if policy is None:
            self.refused = True
            return None
        return replace(policy, place=node.path.span, exempt=node.exempt)

    def _policy(
        self, node: PolicyNode, use: Use, *, not_last: bool = False
    ) -> ResolvedPolicy | None:
        self._nodes += 1
        inner = replace(use, id_path=f"{use.id_path}/{node.id.value}", level=use.level + 1)
        target = None
        if node.target is not None:
            target = self.condition(node.target, inner, not_last=not_last)
        if target is not None:
            inner = replace(inner, present=inner.present | guards_of(target))
        children = self._children(node, inner)
        self._refuse_fail_open(node, children, use)
        # INVARIANT: a policy whose target was refused is not a policy without a target.
        if node.target is not None and target is None:
            return None
        enabled = [child for child in children if child.enabled]
        statements = self.statements(node.attach, node.denied_reason, inner)
        reads = (target.reads if target is not None else frozenset[str]()).union(
            *(part.reads for part in (*enabled, *statements))
        )
        return ResolvedPolicy(
            ref=NodeRef(inner.id_path, node.id.span),
            place=node.id.span,
            combining=node.combining,
            target=target,
            children=children,
            statements=statements,
            enabled=node.enabled,
            exempt=node.exempt,
            reads=reads if node.enabled else frozenset(),
            can_fail=(target is not None and target.can_fail) or _fails(node.combining, enabled),
            # What was refused may have been meant to deny: nothing is said about it.
            can_deny=node.combining is CombiningAlgorithm.DENY_UNLESS_PERMIT
            or len(children) < len(node.children)
            or any(child.can_deny for child in enabled),
            simple_indeterminate=node.simple_indeterminate,
        )

    def _children(self, node: PolicyNode, use: Use) -> tuple[ResolvedChild, ...]:
        first_applicable = node.combining is CombiningAlgorithm.FIRST_APPLICABLE
        siblings = SiblingPolicies()
        children: list[ResolvedChild] = []
        for index, child in enumerate(node.children):
            not_last = first_applicable and index < len(node.children) - 1
            resolved = self._child(child, use, not_last=not_last)
            if resolved is not None:
                siblings.take(child, resolved, use.with_chain, self._sink)
                children.append(resolved)
        return tuple(children)

    def _child(self, child: Child, use: Use, *, not_last: bool) -> ResolvedChild | None:
        if isinstance(child, RuleNode):
            return self._rule(child, use, not_last=not_last)
        return self._policy_or_reference(child, use, not_last=not_last)

    def _rule(self, node: RuleNode, use: Use, *, not_last: bool) -> ResolvedRule | None:
        self._nodes += 1
        when = None
        if node.when is not None:
            under_deny = node.effect is RuleEffect.DENY
            when = self.condition(node.when, use, under_deny=under_deny, not_last=not_last)
            # INVARIANT: a rule whose condition was refused is not a rule without a condition.
            if when is None:
                return None
        ref = NodeRef(f"{use.id_path}/{node.id.value}", node.id.span)
        statements = self.statements(node.attach, node.denied_reason, use)
        return ResolvedRule(ref, node.effect, when, statements, node.enabled)

    # --- references ---------------------------------------------------------------------------

    def _referenced(self, node: RefNode, use: Use, *, not_last: bool) -> ResolvedPolicy | None:
        document = self._graph.referenced_policy(use.document.file, node.path)
        if document is None:
            return None
        self.referenced.add(document.file)
        if not self._may_follow(document, node, use):
            return None
        schema = self._graph.schema(document)
        scope = Scope(
            self._names.lexical(document),
            schema.claims,
            schema.user if use.scope.user is not None else None,
            use.scope.params,
            access=schema.declared,
            asked=use.scope.asked,
            has_claims=use.scope.has_claims,
            in_response=use.scope.in_response,
        )
        chain = (*use.chain, (document.file, node.path.span))
        inside = replace(use, document=document, scope=scope, chain=chain)
        return self._policy(document.policy, inside, not_last=not_last)

    def _may_follow(self, document: PolicyDocument, node: RefNode, use: Use) -> bool:
        span = node.path.span
        way = [file for file, _ in use.chain] or [use.document.file]
        if document.file in way:
            circle = " ► ".join([*way[way.index(document.file) :], document.file])
            finding = use.error(
                Code.IMPORT_CYCLE,
                f"this reference closes a circle: {circle}",
                span,
                help="a policy cannot be a part of itself; move what both need into a third one",
            )
        elif self._nodes > MOST_NODES:
            finding = use.error(
                Code.TOO_MANY_NODES,
                f"with its references written out this has more than {MOST_NODES:,} nodes",
                span,
                help="references multiply: use a policy once, higher up",
            )
        elif self._nodes_before + self._nodes > MOST_TREE_NODES:
            finding = use.error(
                Code.TREE_TOO_LARGE,
                f"with its references written out the tree has more than {MOST_TREE_NODES:,} nodes",
                span,
                help="a policy that many operations share may stand in the `guards` of the service",
            )
        elif use.level >= MOST_LEVELS:
            finding = use.error(
                Code.TOO_DEEP,
                f"with its references written out, policies lie more than {MOST_LEVELS} deep",
                span,
                help="refer to the policy from higher up",
            )
        else:
            return True
        self._sink.add(finding)
        return False

    def _refuse_fail_open(
        self, node: PolicyNode, children: Sequence[ResolvedChild], use: Use
    ) -> None:
        if node.combining is not CombiningAlgorithm.PERMIT_UNLESS_DENY:
            return
        for child in children:
            if child.enabled and child.can_deny and child.can_fail:
                name = child.name
                self._sink.add(
                    use.error(
                        Code.FAIL_OPEN_COMBINING,
                        f"`permit-unless-deny` permits where `{name}`, which may deny, is in error",
                        node.combining_span,
                        help="use `deny-overrides` with a permit rule, or make the condition safe "
                        "by `has()`",
                        notes=(Note(f"`{name}` stands", child.ref.span),),
                    )
                )
                return


def denied_reason(text: DeniedReasonText | None) -> DeniedReason | None:
    """The author's words without their place."""
    if text is None:
        return None
    return DeniedReason(text.code, text.message, text.detail, text.status)


def _fails(combining: CombiningAlgorithm, enabled: Sequence[ResolvedChild]) -> bool:
    """Whether the children may combine to an indeterminate outcome."""
    if combining in _UNLESS:
        return False
    # Two that apply are in error under only-one-applicable, however sure each one is.
    is_choice = combining is CombiningAlgorithm.ONLY_ONE_APPLICABLE and len(enabled) > 1
    return is_choice or any(child.can_fail for child in enabled)
