"""Compiled nodes agree with the pure combining functions, and say who decided and why."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from deemster.model.decision import Reason
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import UserPart
from deemster.model.urls import canonical_url
from deemster.policy.combining import Outcome, combine
from deemster.policy.evaluation import (
    DisabledNode,
    Node,
    PolicyRuleNode,
    PolicySetNode,
)
from deemster.policy.folding import combiner_of
from deemster.policy.tree import CombiningAlgorithm, RuleEffect
from deemster.policy.values import NeedsValues, Values
from tests.support.nodes import FixedNode, failure, ref

P, D, N, IP, ID, IDP = Outcome


def some_values() -> Values:
    call = ApiCall(method="GET", url="https://a.example/", headers=Headers(()))
    return Values(call, canonical_url(call.url), "/", {}, None, None, 0.0)


def policy(algorithm: CombiningAlgorithm, children: Sequence[Node]) -> PolicySetNode:
    return PolicySetNode(
        ref("policy"), combiner_of(algorithm, tuple(children), ref("policy")), None
    )


@pytest.mark.parametrize("algorithm", CombiningAlgorithm, ids=lambda found: found.value)
@pytest.mark.parametrize("simple", [False, True], ids=["", "simple"])
def test_a_policy_comes_to_what_its_algorithm_says_of_any_three_children(
    algorithm: CombiningAlgorithm, simple: bool
) -> None:
    wrong = []
    for outcomes in itertools.product(Outcome, repeat=3):
        children = tuple(FixedNode(f"c{index}", outcome) for index, outcome in enumerate(outcomes))
        combiner = combiner_of(algorithm, children, ref("policy"), simple=simple)
        found = combiner(some_values(), None)
        if found.outcome is not combine(algorithm, outcomes, simple=simple):
            wrong.append((outcomes, found.outcome))
    assert wrong == []


def test_the_first_error_in_tree_order_is_reported() -> None:
    children = [FixedNode("a", P), FixedNode("b", ID), FixedNode("c", IDP)]
    found = policy(CombiningAlgorithm.DENY_OVERRIDES, children).evaluate(some_values())
    assert found.outcome is IDP
    assert found.error is not None
    assert found.error.message == "b"
    assert found.deciding == ref("b")


def test_two_applicable_children_without_an_error_are_indeterminate_without_one() -> None:
    children = [FixedNode("a", P), FixedNode("b", P)]
    found = policy(CombiningAlgorithm.ONLY_ONE_APPLICABLE, children).evaluate(some_values())
    assert (found.outcome, found.error, found.deciding) == (IDP, None, ref("policy"))


@pytest.mark.parametrize(
    "algorithm", [CombiningAlgorithm.DENY_OVERRIDES, CombiningAlgorithm.PERMIT_UNLESS_DENY]
)
def test_a_child_that_can_change_nothing_is_not_asked(algorithm: CombiningAlgorithm) -> None:
    decided, later = FixedNode("decided", D), FixedNode("later", D)
    policy(algorithm, [decided, later]).evaluate(some_values())
    assert (decided.asked, later.asked) == (1, 0)


def test_a_deny_unless_permit_without_a_denying_child_decides_itself() -> None:
    found = policy(CombiningAlgorithm.DENY_UNLESS_PERMIT, [FixedNode("a", IP)]).evaluate(
        some_values()
    )
    assert (found.outcome, found.deciding) == (D, ref("policy"))


def failing(values: Values) -> bool:
    raise failure()


@pytest.mark.parametrize(
    ("effect", "outcome"), [(RuleEffect.PERMIT, IP), (RuleEffect.DENY, ID)], ids=["permit", "deny"]
)
def test_a_rule_in_error_is_indeterminate_and_keeps_its_error(
    effect: RuleEffect, outcome: Outcome
) -> None:
    found = PolicyRuleNode(ref("rule"), effect, failing).evaluate(some_values())
    assert found.outcome is outcome
    assert found.error is not None
    assert found.error.reason is Reason.ATTRIBUTE_MISSING


def test_a_target_in_error_weakens_what_the_children_came_to() -> None:
    for outcome, weakened in [(P, IP), (D, ID), (N, N), (IDP, IDP)]:
        node = PolicySetNode(
            ref("policy"),
            combiner_of(
                CombiningAlgorithm.DENY_OVERRIDES, (FixedNode("a", outcome),), ref("policy")
            ),
            failing,
        )
        assert node.evaluate(some_values()).outcome is weakened


def test_needed_values_pass_through_every_node() -> None:
    def needing(values: Values) -> bool:
        raise NeedsValues(frozenset({UserPart.GROUPS}))

    rule = PolicyRuleNode(ref("rule"), RuleEffect.PERMIT, needing)
    with pytest.raises(NeedsValues):
        policy(CombiningAlgorithm.PERMIT_UNLESS_DENY, [rule]).evaluate(some_values())


def test_a_trace_names_each_visited_node_in_tree_order_with_what_it_saw() -> None:
    values = some_values()
    values.trace = []
    rule = PolicyRuleNode(
        ref("policy/rule"), RuleEffect.PERMIT, lambda _: True, [("claims.acr", lambda _: 1)]
    )
    node = policy(CombiningAlgorithm.DENY_OVERRIDES, [DisabledNode(ref("policy/off")), rule])
    node.evaluate(values)
    assert [(entry.id_path, entry.outcome, entry.detail) for entry in values.trace] == [
        ("policy", "permit", ""),
        ("policy/off", "not-applicable", "disabled"),
        ("policy/rule", "permit", "claims.acr = 1"),
    ]
