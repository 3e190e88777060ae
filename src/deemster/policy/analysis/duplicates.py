"""Siblings that say the same thing twice."""

from __future__ import annotations

from deemster.policy.analysis.places_of_use import Verdicts, policies_in_use
from deemster.policy.analysis.structure import Key, key_of
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note, Severity
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule, ResolvedTree
from deemster.policy.statements.codes import KnownCode
from deemster.policy.tree import CombiningAlgorithm

__all__ = ["node_key", "report_duplicates"]


def report_duplicates(resolved: ResolvedTree, sink: DiagnosticSink) -> None:
    """Report each rule or policy that an earlier sibling repeats, wherever it is used.

    Under `first-applicable` the second is never reached, and told of by that.
    """
    verdicts = Verdicts()
    for policy, _ in policies_in_use(resolved):
        _look_within(policy, verdicts)
    verdicts.report(sink)


def _look_within(policy: ResolvedPolicy, verdicts: Verdicts) -> None:
    if len(policy.children) < 2:
        for child in policy.children:
            if isinstance(child, ResolvedPolicy):
                _look_within(child, verdicts)
        return
    first_by_key: dict[Key, ResolvedChild] = {}
    for child in policy.children:
        if not child.enabled:
            continue
        first = first_by_key.setdefault(node_key(child), child)
        is_repeated = (
            first is not child and policy.combining is not CombiningAlgorithm.FIRST_APPLICABLE
        )
        verdicts.add(child.ref.span, "duplicate", _finding(child, first) if is_repeated else None)
        if isinstance(child, ResolvedPolicy):
            _look_within(child, verdicts)


def _finding(child: ResolvedChild, first: ResolvedChild) -> Diagnostic:
    is_rule = isinstance(child, ResolvedRule)
    what = "effect and condition" if is_rule else "rules"
    return Diagnostic(
        Code.DUPLICATE_RULE,
        Severity.WARNING,
        f"{'rule' if is_rule else 'policy'} `{child.name}` has the same {what} as `{first.name}`",
        child.ref.span,
        help="remove one of them, or mend the one that was meant to differ",
        notes=(Note(f"`{first.name}` stands", first.ref.span),),
    )


def node_key(node: ResolvedChild) -> Key:
    """Equal for nodes that differ in their ids and words alone."""
    if isinstance(node, ResolvedRule):
        return ("rule", node.enabled, node.effect, _condition_key(node.when), _carried(node))
    return (
        "policy",
        node.enabled,
        node.combining,
        node.simple_indeterminate,
        _condition_key(node.target),
        _carried(node),
        *[node_key(child) for child in node.children],
    )


def _carried(node: ResolvedChild) -> Key:
    """The statements that go with it, but for words."""
    declarations = [statement.declaration for statement in node.statements]
    return frozenset(one for one in declarations if one.code != KnownCode.DENIED_REASON)


def _condition_key(condition: CheckedExpr | None) -> Key:
    return None if condition is None else key_of(condition.term)
