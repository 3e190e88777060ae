"""Compiled nodes agree with the pure combining functions, and say who decided and why."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from deemster.errors import EvaluationError
from deemster.model.decision import DeniedReason, NodeRef, Reason
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import UserPart
from deemster.model.source import SourceSpan
from deemster.model.urls import canonical_url
from deemster.policy.combining import Outcome, combine
from deemster.policy.evaluation import (
    DisabledNode,
    Node,
    NodeResult,
    PolicyRuleNode,
    PolicySetNode,
)
from deemster.policy.tree import CombiningAlgorithm, RuleEffect
from deemster.policy.values import NeedsValues, Values

P, D, N, IP, ID, IDP = Outcome
SPAN = SourceSpan("tree/x.yaml", 7, 3, 7, 9)


def ref(name: str) -> NodeRef:
    return NodeRef(name, SPAN)


def some_values() -> Values:
    call = ApiCall(method="GET", url="https://a.example/", headers=Headers(()))
    return Values(call, canonical_url(call.url), "/", {}, None, None, 0.0)


def failure(message: str = "no value") -> EvaluationError:
    return EvaluationError(message, reason=Reason.ATTRIBUTE_MISSING, span=SPAN)


class FixedNode:
    """A child with a given outcome; counts how often it is asked."""

    def __init__(self, name: str, outcome: Outcome, words: str | None = None) -> None:
        self.ref = ref(name)
        self.has_denied_reason = words is not None
        self.asked = 0
        denied = DeniedReason(words, words) if words is not None and outcome is D else None
        error = failure(name) if outcome.is_indeterminate else None
        self._result = NodeResult(outcome, self.ref, error, denied)

    def evaluate(self, values: Values) -> NodeResult:
        self.asked += 1
        return self._result


def policy(
    algorithm: CombiningAlgorithm, children: Sequence[Node], words: str | None = None
) -> PolicySetNode:
    denied = DeniedReason(words, words) if words is not None else None
    return PolicySetNode(ref("policy"), algorithm, None, children, denied)


@pytest.mark.parametrize("algorithm", CombiningAlgorithm, ids=lambda found: found.value)
@pytest.mark.parametrize("with_words", [False, True], ids=["plain", "with-denied-reasons"])
def test_a_policy_comes_to_what_its_algorithm_says_of_any_three_children(
    algorithm: CombiningAlgorithm, with_words: bool
) -> None:
    wrong = []
    for outcomes in itertools.product(Outcome, repeat=3):
        children = [
            FixedNode(f"c{index}", outcome, f"w{index}" if with_words else None)
            for index, outcome in enumerate(outcomes)
        ]
        found = policy(algorithm, children).evaluate(some_values())
        if found.outcome is not combine(algorithm, outcomes):
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


def test_order_never_loses_an_authors_words_under_deny_overrides() -> None:
    silent, speaking = FixedNode("silent", D), FixedNode("speaking", D, "words")
    found = policy(CombiningAlgorithm.DENY_OVERRIDES, [silent, speaking]).evaluate(some_values())
    assert found.deciding == ref("silent")
    assert found.denied_reason == DeniedReason("words", "words")


def test_a_child_that_can_change_nothing_is_not_asked() -> None:
    decided, later = FixedNode("decided", D, "words"), FixedNode("later", D, "more words")
    policy(CombiningAlgorithm.DENY_OVERRIDES, [decided, later]).evaluate(some_values())
    assert (decided.asked, later.asked) == (1, 0)


def test_a_policys_own_words_come_before_its_childrens() -> None:
    found = policy(CombiningAlgorithm.DENY_OVERRIDES, [FixedNode("a", D, "child")], "own").evaluate(
        some_values()
    )
    assert found.denied_reason == DeniedReason("own", "own")


def test_words_of_a_deny_that_was_overridden_are_not_carried() -> None:
    children = [FixedNode("a", D, "words"), FixedNode("b", P)]
    found = policy(CombiningAlgorithm.PERMIT_OVERRIDES, children).evaluate(some_values())
    assert (found.outcome, found.denied_reason) == (P, None)


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
    found = PolicyRuleNode(ref("rule"), effect, failing, None).evaluate(some_values())
    assert found.outcome is outcome
    assert found.error is not None
    assert found.error.reason is Reason.ATTRIBUTE_MISSING


def test_a_target_in_error_weakens_what_the_children_came_to() -> None:
    for outcome, weakened in [(P, IP), (D, ID), (N, N), (IDP, IDP)]:
        node = PolicySetNode(
            ref("policy"),
            CombiningAlgorithm.DENY_OVERRIDES,
            failing,
            [FixedNode("a", outcome, "words")],
            None,
        )
        found = node.evaluate(some_values())
        assert (found.outcome, found.denied_reason) == (weakened, None)


def test_needed_values_pass_through_every_node() -> None:
    def needing(values: Values) -> bool:
        raise NeedsValues(frozenset({UserPart.GROUPS}))

    rule = PolicyRuleNode(ref("rule"), RuleEffect.PERMIT, needing, None)
    with pytest.raises(NeedsValues):
        policy(CombiningAlgorithm.PERMIT_UNLESS_DENY, [rule]).evaluate(some_values())


def test_a_trace_names_each_visited_node_in_tree_order_with_what_it_saw() -> None:
    values = some_values()
    values.trace = []
    rule = PolicyRuleNode(
        ref("policy/rule"), RuleEffect.PERMIT, lambda _: True, None, [("claims.acr", lambda _: 1)]
    )
    node = policy(CombiningAlgorithm.DENY_OVERRIDES, [DisabledNode(ref("policy/off")), rule])
    node.evaluate(values)
    assert [(entry.id_path, entry.outcome, entry.detail) for entry in values.trace] == [
        ("policy", "permit", ""),
        ("policy/off", "not-applicable", "disabled"),
        ("policy/rule", "permit", "claims.acr = 1"),
    ]
