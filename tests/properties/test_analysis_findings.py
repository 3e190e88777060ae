"""No false alarm: what the analyses say of a policy is so, whatever a call, token and user hold.

Random policies are analysed; each finding is then held against the evaluator, on random calls and
by the same policy with the rule in question disabled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import EvaluationError, PolicyError
from deemster.policy.analysis import analyse
from deemster.policy.codes import Code
from deemster.policy.combining import Outcome
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.expressions.closures import compile_condition
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule
from deemster.policy.values import NeedsValues, Values
from tests.support.conditions import a_token, a_user, values
from tests.support.policy_trees import a_service
from tests.support.scale import scaled

SCHEMA = """schema:
  claims:
    tier: {type: string, enum: [gold, silver], optional: true}
    plan: {type: string, default: free}
    count: {type: int, min: 0, max: 3}
"""
CONDITIONS = [
    "claims.tier == 'gold'",
    "claims.tier == 'silver'",
    "claims.tier in ['gold', 'silver']",
    "has(claims.tier)",
    "has(claims.tier) && claims.tier == 'gold'",
    "claims.plan == 'free'",
    "claims.plan != 'free'",
    "claims.count > 1",
    "claims.count <= 1",
    "claims.count == 2 || claims.count == 3",
    "claims.count > 3",
    "'a' in user.groups",
    "!('a' in user.groups)",
    "true",
    "claims.plan == 'free' && claims.tier == 'gold'",
]
ALGORITHMS = [
    "deny-overrides",
    "permit-overrides",
    "first-applicable",
    "only-one-applicable",
    "deny-unless-permit",
    "permit-unless-deny",
]


@dataclass(frozen=True)
class Rule:
    id: str
    effect: str
    when: str | None
    enabled: bool = True

    def json(self) -> dict[str, object]:
        when = {} if self.when is None else {"when": self.when}
        return {"id": self.id, "effect": self.effect, **when, "enabled": self.enabled}


@dataclass(frozen=True)
class Policy:
    id: str
    algorithm: str
    target: str | None
    children: tuple[Rule | Policy, ...]
    enabled: bool = True

    def json(self) -> dict[str, object]:
        target = {} if self.target is None else {"target": self.target}
        return {
            "id": self.id,
            "combiningAlgorithm": self.algorithm,
            **target,
            "enabled": self.enabled,
            "children": [
                {"rule" if isinstance(child, Rule) else "policy": child.json()}
                for child in self.children
            ],
        }

    def without(self, id_: str) -> Policy:
        """The same, with one node disabled."""
        return replace(
            self,
            enabled=self.enabled and self.id != id_,
            children=tuple(
                replace(child, enabled=child.enabled and child.id != id_)
                if isinstance(child, Rule)
                else child.without(id_)
                for child in self.children
            ),
        )


@st.composite
def policies(draw: st.DrawFn, depth: int = 2, name: str = "p") -> Policy:
    conditions = st.one_of(st.none(), st.sampled_from(CONDITIONS))
    children: list[Rule | Policy] = []
    for number in range(draw(st.integers(1, 4))):
        id_ = f"{name}-{number}"
        if depth > 1 and draw(st.integers(0, 3)) == 0:
            children.append(draw(policies(depth - 1, id_)))
        else:
            effect = draw(st.sampled_from(["permit", "deny"]))
            children.append(Rule(id_, effect, draw(conditions)))
    algorithm = draw(st.sampled_from(ALGORITHMS))
    return Policy(name, algorithm, draw(conditions), tuple(children))


def tree_of(policy: Policy, *, as_guard: bool) -> LoadedTree | None:
    """The tree, or None where one does not load: `permit-unless-deny` over what may fail."""
    written = json.dumps([policy.json()])
    body = f"guards: {written}\n" if as_guard else ""
    grant = "allow: authenticated" if as_guard else f"policies: {written}"
    operation = f"operations:\n  - id: op\n    match: {{path: /}}\n    {grant}\n"
    try:
        return load_texts({"shop.yaml": a_service(f"{SCHEMA}{body}{operation}")})
    except PolicyError:
        return None


SITUATIONS = st.builds(
    lambda claims, groups, known: values(
        claims=a_token(claims), user=a_user(groups=groups) if known else None
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "tier": st.sampled_from(["gold", "silver", 7]),
            "plan": st.sampled_from(["free", "paid"]),
            "count": st.integers(-1, 4),
        },
    ),
    st.sampled_from([frozenset(), frozenset({"a"})]),
    st.booleans(),
)


def outcome(tree: LoadedTree, situation: Values) -> Outcome:
    """Of the operation; one error is like another."""
    evaluation = tree.snapshot.services["shop"].by_id["op"].evaluate(situation)
    assert not isinstance(evaluation, NeedsValues)
    found = evaluation.outcome
    return Outcome.INDETERMINATE_DP if found.is_indeterminate else found


def nodes(tree: LoadedTree) -> Iterator[ResolvedChild]:
    ahead: list[ResolvedChild] = [
        *tree.resolved.services[0].guards,
        *tree.resolved.services[0].operations[0].policies,
    ]
    while ahead:
        node = ahead.pop()
        yield node
        if isinstance(node, ResolvedPolicy):
            ahead.extend(node.children)


def holds(node: ResolvedChild, situation: Values) -> bool | None:
    """Whether a node applies by its own condition; None for an error."""
    condition = node.when if isinstance(node, ResolvedRule) else node.target
    try:
        return condition is None or compile_condition(condition)(situation)
    except EvaluationError:
        return None


def can_err(node: ResolvedChild, situation: Values) -> bool:
    """Whether a condition at or below a node is in error: what is said is said of effects."""
    if holds(node, situation) is None:
        return True
    return isinstance(node, ResolvedPolicy) and any(
        can_err(child, situation) for child in node.children
    )


def analysed(tree: LoadedTree) -> list[Diagnostic]:
    sink = DiagnosticSink()
    analyse(tree.tree, tree.resolved, sink)
    return list(sink.finish())


def check(finding: Diagnostic, policy: Policy, tree: LoadedTree, drawn: list[Values]) -> None:
    by_place = {node.ref.span: node for node in nodes(tree)}
    if finding.code is Code.NEVER_PERMITS:
        assert all(outcome(tree, each) is not Outcome.PERMIT for each in drawn)
        return
    if finding.code in (Code.NEVER_TRUE, Code.ALWAYS_TRUE):
        check_condition(finding, tree, drawn)
        return
    node = by_place[finding.span]
    without = tree_of(policy.without(node.name), as_guard=bool(tree.resolved.services[0].guards))
    if without is None:
        return  # less one rule it may be one that fails open
    for each in drawn:
        if not can_err(node, each):
            assert outcome(tree, each) is outcome(without, each), finding.message


def check_condition(finding: Diagnostic, tree: LoadedTree, drawn: list[Values]) -> None:
    for node in nodes(tree):
        condition = node.when if isinstance(node, ResolvedRule) else node.target
        if condition is None or f"`{node.name}`" not in finding.message:
            continue
        unwanted = finding.code is Code.NEVER_TRUE
        if unwanted and finding.notes:
            continue  # it may be the target around it that excludes this; see below
        for each in drawn:
            assert holds(node, each) is not unwanted


PROVED = {
    Code.NEVER_TRUE,
    Code.ALWAYS_TRUE,
    Code.NEVER_PERMITS,
    Code.UNREACHABLE_RULE,
    Code.NO_CONSEQUENCE,
    Code.DUPLICATE_RULE,
}


@given(policies(), st.booleans(), st.lists(SITUATIONS, min_size=12, max_size=12))
@settings(max_examples=scaled(10_000), deadline=None)
def test_every_finding_holds(policy: Policy, as_guard: bool, drawn: list[Values]) -> None:
    tree = tree_of(policy, as_guard=as_guard)
    if tree is None:
        return
    for finding in analysed(tree):
        if finding.code is Code.DUPLICATE_RULE and "only-one" in json.dumps(policy.json()):
            continue  # there a second rule that applies makes an error of both
        if finding.code in PROVED:
            check(finding, policy, tree, drawn)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rules_that_all_matter_are_not_reported(algorithm: str) -> None:
    rules: tuple[Rule, ...] = (
        Rule("a", "permit", "claims.count > 1"),
        Rule("b", "deny", "claims.plan == 'free'"),
    )
    if algorithm == "permit-unless-deny":
        rules = (Rule("b", "deny", "claims.plan == 'free'"),)
    elif algorithm == "deny-unless-permit":
        rules = rules[:1]
    tree = tree_of(Policy("p", algorithm, None, rules), as_guard=False)
    if tree is not None:
        assert [found for found in analysed(tree) if found.code in PROVED] == []
