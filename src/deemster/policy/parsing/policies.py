"""Policies and rules: nodes of the policy tree, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.parsing.conditions import parse_condition
from deemster.policy.parsing.denied_reasons import parse_denied_reason
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import SiblingIds, checked_id
from deemster.policy.parsing.policy_shapes import (
    CHILD,
    COMBINING,
    EFFECT,
    GUARD,
    GUARD_REF,
    INDETERMINATE,
    POLICY,
    REF,
    RESPONSE,
    RULE,
)
from deemster.policy.parsing.scalars import describe
from deemster.policy.parsing.shapes import Shape
from deemster.policy.parsing.statements import parse_attach
from deemster.policy.reading.nodes import MappingNode, Node
from deemster.policy.tree import (
    Child,
    CombiningAlgorithm,
    Condition,
    PolicyNode,
    RefNode,
    RuleNode,
    Text,
)

__all__ = ["parse_policies", "parse_policy", "parse_response"]


def parse_policies(
    fields: Fields, key: str, siblings: SiblingIds
) -> tuple[PolicyNode | RefNode, ...]:
    """The policies of `policies:` or, with `exempt`, of `guards:` and below `response:`."""
    is_guard = key == "guards" or fields.shape is RESPONSE
    found = []
    for item in fields.items(key):
        policy = _policy_or_reference(item, fields.sink, siblings, is_guard=is_guard)
        if policy is not None:
            found.append(policy)
    return tuple(found)


def parse_response(owner: Fields) -> tuple[PolicyNode | RefNode, ...]:
    """The policies of a service's or an operation's `response:`."""
    node = owner.node_of("response")
    fields = None if node is None else Fields.of(node, RESPONSE, owner.sink)
    return () if fields is None else parse_policies(fields, "policies", SiblingIds())


def parse_policy(fields: Fields, id_: Text | None) -> PolicyNode | None:
    """A policy of the given id from fields whose keys were checked; None after an error."""
    sink = fields.sink
    before = sink.error_count
    combining = fields.choice("combiningAlgorithm", COMBINING)
    simple = _is_simple(fields, combining)
    target = _condition(fields, "target")
    denied_reason = parse_denied_reason(fields)
    enabled = fields.flag("enabled", default=True)
    exempt = fields.texts("exempt", checked_id) if "exempt" in fields else None
    attach = parse_attach(fields)
    children = _children(fields)
    algorithm_node = fields.node_of("combiningAlgorithm")
    if (
        sink.error_count > before
        or id_ is None
        or combining is None
        or algorithm_node is None
        or children is None
    ):
        return None
    return PolicyNode(
        id=id_,
        combining=combining,
        combining_span=algorithm_node.span,
        target=target,
        children=children,
        denied_reason=denied_reason,
        enabled=enabled,
        exempt=exempt,
        span=fields.node.span,
        attach=attach,
        simple_indeterminate=simple,
    )


_OVERRIDING = frozenset({CombiningAlgorithm.DENY_OVERRIDES, CombiningAlgorithm.PERMIT_OVERRIDES})


def _is_simple(fields: Fields, combining: CombiningAlgorithm | None) -> bool:
    simple = bool(fields.choice("indeterminate", INDETERMINATE))
    if simple and combining is not None and combining not in _OVERRIDING:
        fields.sink.error(
            Code.BAD_VALUE,
            f"`indeterminate: simple` says nothing under `{combining.value}`",
            fields.key_span("indeterminate"),
            help="it belongs to `deny-overrides` and `permit-overrides`; leave it out",
        )
    return simple


def _policy_or_reference(
    node: Node, sink: DiagnosticSink, siblings: SiblingIds, *, is_guard: bool
) -> PolicyNode | RefNode | None:
    if isinstance(node, MappingNode) and node.get("$ref") is not None:
        return _reference(node, GUARD_REF if is_guard else REF, sink)
    if not isinstance(node, MappingNode):
        sink.error(
            Code.WRONG_TYPE,
            f"{'a guard' if is_guard else 'a policy'} must be a mapping, found {describe(node)}",
            node.span,
            help="a policy in a file of its own is used by `- $ref: path/to/policy.yaml`",
        )
        return None
    return _inline_policy(node, GUARD if is_guard else POLICY, sink, siblings)


def _inline_policy(
    node: Node, shape: Shape, sink: DiagnosticSink, siblings: SiblingIds
) -> PolicyNode | None:
    before = sink.error_count
    fields = Fields.of(node, shape, sink)
    if fields is None:
        return None
    id_ = fields.id("id")
    if id_ is not None:
        siblings.take(id_, sink)
    policy = parse_policy(fields, id_)
    return policy if sink.error_count == before else None


def _reference(node: MappingNode, shape: Shape, sink: DiagnosticSink) -> RefNode | None:
    before = sink.error_count
    fields = Fields(node, shape, sink)
    path = fields.text("$ref")
    exempt = fields.texts("exempt", checked_id) if "exempt" in fields else None
    if path is None or sink.error_count > before:
        return None
    return RefNode(path, exempt, node.span)


# --- children -------------------------------------------------------------------------------------


def _children(fields: Fields) -> tuple[Child, ...] | None:
    sink = fields.sink
    if "rules" in fields and "children" in fields:
        sink.error(
            Code.BAD_VALUE,
            f"{fields.shape.name} has `rules` or `children`, not both",
            fields.key_span("children"),
            help="move the rules into `children`, each as `- rule: {...}`",
            notes=(Note("`rules` is written", fields.key_span("rules")),),
        )
        return None
    siblings = SiblingIds()
    if "rules" in fields:
        return _kept(fields.items("rules"), lambda item: _parse_rule(item, sink, siblings))
    if "children" in fields:
        return _kept(fields.items("children"), lambda item: _parse_child(item, sink, siblings))
    sink.error(
        Code.MISSING_KEY, f"{fields.shape.name} needs `rules` or `children`", fields.head_span
    )
    return None


def _kept(items: tuple[Node, ...], parse: Callable[[Node], Child | None]) -> tuple[Child, ...]:
    return tuple(child for child in map(parse, items) if child is not None)


def _parse_child(node: Node, sink: DiagnosticSink, siblings: SiblingIds) -> Child | None:
    before = sink.error_count
    fields = Fields.of(node, CHILD, sink)
    if fields is None or sink.error_count > before:
        return None
    if len(fields) != 1:
        sink.error(
            Code.BAD_VALUE,
            "an item of `children` is one of `policy`, `rule` and `$ref`",
            fields.head_span,
            help="begin a new item with `- ` for each child",
        )
        return None
    if "$ref" in fields:
        return _reference(fields.node, REF, sink)
    rule, policy = fields.node_of("rule"), fields.node_of("policy")
    if rule is not None:
        return _parse_rule(rule, sink, siblings)
    return None if policy is None else _inline_policy(policy, POLICY, sink, siblings)


def _parse_rule(node: Node, sink: DiagnosticSink, siblings: SiblingIds) -> RuleNode | None:
    before = sink.error_count
    fields = Fields.of(node, RULE, sink)
    if fields is None:
        return None
    id_ = fields.id("id")
    if id_ is not None:
        siblings.take(id_, sink)
    effect = fields.choice("effect", EFFECT)
    when = _condition(fields, "when")
    denied_reason = parse_denied_reason(fields)
    enabled = fields.flag("enabled", default=True)
    attach = parse_attach(fields)
    # INVARIANT: a rule whose condition was refused is not a rule without a condition.
    if sink.error_count > before or id_ is None or effect is None:
        return None
    return RuleNode(id_, effect, when, denied_reason, enabled, node.span, attach)


def _condition(fields: Fields, key: str) -> Condition | None:
    node = fields.node_of(key)
    return None if node is None else parse_condition(node, fields.sink)
