"""Policies and rules: nodes of the policy tree, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.parsing import forms
from deemster.policy.parsing.conditions import parse_condition
from deemster.policy.parsing.denied_reasons import parse_denied_reason
from deemster.policy.parsing.fields import Fields, Shape
from deemster.policy.parsing.ids import SiblingIds, checked_id
from deemster.policy.parsing.scalars import describe, listed
from deemster.policy.reading.nodes import MappingNode, Node
from deemster.policy.tree import (
    Child,
    CombiningAlgorithm,
    Condition,
    PolicyNode,
    RefNode,
    RuleEffect,
    RuleNode,
    Text,
)

__all__ = ["LATER_IN_NODES", "POLICY_KEYS", "POLICY_REQUIRED", "parse_policies", "parse_policy"]

_ALGORITHMS = {algorithm.value: algorithm for algorithm in CombiningAlgorithm}
_ALGORITHM_SYNONYMS = {
    "first-match": "first-applicable",
    "default-deny": "deny-unless-permit",
    "default-permit": "permit-unless-deny",
    "allow-overrides": "permit-overrides",
    "unanimous": "deny-overrides",
}
_COMBINING = forms.Choice(_ALGORITHMS, synonyms=_ALGORITHM_SYNONYMS)
_EFFECTS = {effect.value: effect for effect in RuleEffect}
_EFFECT_SYNONYMS = {
    "allow": "permit",
    "grant": "permit",
    "accept": "permit",
    "block": "deny",
    "reject": "deny",
    "refuse": "deny",
    "forbid": "deny",
}
_EFFECT = forms.Choice(_EFFECTS, synonyms=_EFFECT_SYNONYMS)

POLICY_KEYS = frozenset({"combiningAlgorithm", "target", "rules", "children", "deniedReason"})
POLICY_REQUIRED = {"combiningAlgorithm": f"one of {listed(_ALGORITHMS)}"}
LATER_IN_NODES = {
    "attach": "statements attached to a node",
    "statements": "statements for the gateway",
    "appliesTo": "statements for the gateway",
    "appliesIf": "statements for the gateway",
    "attributes": "attributes fetched from a source",
    "response": "policies over the upstream's answer",
}
_LATER_IN_POLICIES = LATER_IN_NODES | {
    "indeterminate": "`simple` reading of indeterminate children"
}
_ID_HELP = "an id of lower-case letters, digits and hyphens, unique among its siblings"
_ELSEWHERE = {
    "otherwise": "`otherwise` belongs to an operation; a policy or rule has `deniedReason`",
    "policies": "policies within a policy are items of `children`, as `- policy: {...}`",
    "exempt": "only guards are exempted, where `guards` lists them",
}
_POLICY = Shape(
    "a policy",
    POLICY_KEYS | {"id", "enabled"},
    required={"id": _ID_HELP} | POLICY_REQUIRED,
    later=_LATER_IN_POLICIES,
    elsewhere=_ELSEWHERE
    | {
        "when": "a policy applies when its `target` holds; rules have `when`",
        "effect": "rules have an effect, a policy combines those of its rules",
        "imports": "imports belong to the top of the file",
        "schema": "the schema belongs to the top of the file",
        "constants": "constants belong to the top of the file",
        "conditions": "named conditions belong to the top of the file",
    },
)
_GUARD = Shape(
    "a guard",
    _POLICY.keys | {"exempt"},
    required=_POLICY.required,
    later=_POLICY.later,
    elsewhere=_POLICY.elsewhere,
)
_RULE = Shape(
    "a rule",
    frozenset({"id", "effect", "when", "deniedReason", "enabled"}),
    required={"id": _ID_HELP, "effect": "`permit` or `deny`"},
    later=LATER_IN_NODES,
    elsewhere=_ELSEWHERE
    | {
        "target": "a rule applies when `when` holds; policies have `target`",
        "condition": "a rule's condition is `when`",
        "combiningAlgorithm": "a rule has nothing to combine; put rules into a policy",
        "rules": "rules have no children; put them into a policy",
    },
)
_REF = Shape("a reference", frozenset({"$ref"}), elsewhere=_ELSEWHERE)
_GUARD_REF = Shape("a guard's reference", frozenset({"$ref", "exempt"}))
_CHILD = Shape("an item of `children`", frozenset({"policy", "rule", "$ref"}))


def parse_policies(
    fields: Fields, key: str, siblings: SiblingIds
) -> tuple[PolicyNode | RefNode, ...]:
    """The policies of `policies:` or, with `exempt`, of `guards:`."""
    is_guard = key == "guards"
    found = []
    for item in fields.items(key):
        policy = _policy_or_reference(item, fields.sink, siblings, is_guard=is_guard)
        if policy is not None:
            found.append(policy)
    return tuple(found)


def parse_policy(fields: Fields, id_: Text | None) -> PolicyNode | None:
    """A policy of the given id from fields whose keys were checked; None after an error."""
    sink = fields.sink
    before = sink.error_count
    combining = fields.choice("combiningAlgorithm", _COMBINING)
    target = _condition(fields, "target")
    denied_reason = parse_denied_reason(fields)
    enabled = fields.flag("enabled", default=True)
    exempt = fields.texts("exempt", checked_id) if "exempt" in fields else None
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
    )


def _policy_or_reference(
    node: Node, sink: DiagnosticSink, siblings: SiblingIds, *, is_guard: bool
) -> PolicyNode | RefNode | None:
    if isinstance(node, MappingNode) and node.get("$ref") is not None:
        return _reference(node, _GUARD_REF if is_guard else _REF, sink)
    if not isinstance(node, MappingNode):
        sink.error(
            Code.WRONG_TYPE,
            f"{'a guard' if is_guard else 'a policy'} must be a mapping, found {describe(node)}",
            node.span,
            help="a policy in a file of its own is used by `- $ref: path/to/policy.yaml`",
        )
        return None
    return _inline_policy(node, _GUARD if is_guard else _POLICY, sink, siblings)


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
    fields = Fields.of(node, _CHILD, sink)
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
        return _reference(fields.node, _REF, sink)
    rule, policy = fields.node_of("rule"), fields.node_of("policy")
    if rule is not None:
        return _parse_rule(rule, sink, siblings)
    return None if policy is None else _inline_policy(policy, _POLICY, sink, siblings)


def _parse_rule(node: Node, sink: DiagnosticSink, siblings: SiblingIds) -> RuleNode | None:
    before = sink.error_count
    fields = Fields.of(node, _RULE, sink)
    if fields is None:
        return None
    id_ = fields.id("id")
    if id_ is not None:
        siblings.take(id_, sink)
    effect = fields.choice("effect", _EFFECT)
    when = _condition(fields, "when")
    denied_reason = parse_denied_reason(fields)
    enabled = fields.flag("enabled", default=True)
    # INVARIANT: a rule whose condition was refused is not a rule without a condition.
    if sink.error_count > before or id_ is None or effect is None:
        return None
    return RuleNode(id_, effect, when, denied_reason, enabled, node.span)


def _condition(fields: Fields, key: str) -> Condition | None:
    node = fields.node_of(key)
    return None if node is None else parse_condition(node, fields.sink)
