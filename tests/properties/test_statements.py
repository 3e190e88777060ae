"""Which statements go with an answer: nothing of it depends on the order of siblings, and a permit
never goes without what it is tied to.

Trees of nodes are drawn, whose leaves have any outcome and carry any statements.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from deemster.decisions.obligations import carried_out
from deemster.model.decision import NodeRef, Reason, Statement
from deemster.policy.combining import Outcome, combine
from deemster.policy.evaluation import Node
from deemster.policy.folding import combiner_of
from deemster.policy.rules import AllowLine
from deemster.policy.snapshot import Evaluation
from deemster.policy.statements.attached import AttachedStatement, CannotBuildError
from deemster.policy.statements.codes import APPLIES_TO, NodeEffect, effect_of
from deemster.policy.statements.nodes import CarryingFirstApplicableNode, CarryingSetNode
from deemster.policy.statements.operations import CarryingOperation
from deemster.policy.tree import CombiningAlgorithm
from deemster.policy.values import Values
from tests.support.conditions import values
from tests.support.nodes import SPAN, FixedNode, a_statement, ref, words
from tests.support.scale import scaled, seed

P, D, N, IP, ID, IDP = Outcome
FIRST = CombiningAlgorithm.FIRST_APPLICABLE
ROUNDS = 20_000


@dataclass(frozen=True)
class Drawn:
    """A node as data: a leaf has an outcome, a set an algorithm and children."""

    attached: tuple[AttachedStatement, ...]
    outcome: Outcome | None = None
    algorithm: CombiningAlgorithm | None = None
    children: tuple[Drawn, ...] = ()

    def node(self) -> Node:
        if self.outcome is not None:
            return FixedNode("leaf", self.outcome, *self.attached)
        assert self.algorithm is not None
        children = tuple(child.node() for child in self.children)
        if self.algorithm is FIRST:
            return CarryingFirstApplicableNode(ref("set"), None, children, self.attached)
        combine_them = combiner_of(self.algorithm, children, ref("set"))
        return CarryingSetNode(ref("set"), combine_them, None, children, self.attached)

    def result(self) -> Outcome:
        if self.outcome is not None:
            return self.outcome
        assert self.algorithm is not None
        return combine(self.algorithm, [child.result() for child in self.children])

    def shuffled(self, rng: Random) -> Drawn:
        children = [child.shuffled(rng) for child in self.children]
        if self.algorithm is not FIRST:
            rng.shuffle(children)
        return Drawn(self.attached, self.outcome, self.algorithm, tuple(children))


class Drawer:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.names = itertools.count()

    def node(self, depth: int) -> Drawn:
        attached = tuple(self.statement() for _ in range(self.rng.choice([0, 0, 0, 1, 2])))
        if depth == 0 or self.rng.random() < 0.4:
            return Drawn(attached, outcome=self.rng.choice([P, P, D, N, IP, ID, IDP]))
        children = tuple(self.node(depth - 1) for _ in range(self.rng.randint(0, 3)))
        return Drawn(attached, None, self.rng.choice(list(CombiningAlgorithm)), children)

    def statement(self) -> AttachedStatement:
        name = f"s{next(self.names)}"
        if self.rng.random() < 0.2:
            return words(name)

        def cannot(_: Values) -> Statement:
            raise CannotBuildError("no value")

        return a_statement(
            name,
            self.rng.choice(list(APPLIES_TO)),
            own_effect=self.rng.random() < 0.3,
            obligatory=self.rng.random() < 0.4,
            build=cannot if self.rng.random() < 0.15 else None,
        )


def an_operation(policies: Sequence[Drawn], own: Sequence[AttachedStatement]) -> CarryingOperation:
    line = AllowLine(NodeRef("allow", SPAN), Reason.SCOPE_MISSING, lambda _: True, None)
    return CarryingOperation(
        ref=ref("operation"),
        grant_ref=ref("operation/allow"),
        operation_id="operation",
        public=False,
        guards=(),
        lines=(line,),
        policies=tuple(policy.node() for policy in policies),
        otherwise=None,
        attached=own,
    )


def evaluated(operation: CarryingOperation) -> Evaluation:
    found = operation.evaluate(values())
    assert isinstance(found, Evaluation)
    return found


def told(evaluation: Evaluation) -> tuple[object, ...]:
    """All that must not depend on order: which words speak does, by the page."""
    return (
        evaluation.outcome is P,
        frozenset(one.id for one in evaluation.statements if one.code != "denied-reason"),
        evaluation.denied_reason is None,
        frozenset(one.id for one in evaluation.left_out),
    )


def drawn(rng: Random) -> tuple[list[Drawn], list[AttachedStatement]]:
    drawer = Drawer(rng)
    policies = [drawer.node(3) for _ in range(rng.randint(1, 3))]
    return policies, [drawer.statement() for _ in range(rng.choice([0, 0, 1]))]


def test_the_order_of_siblings_never_changes_which_statements_go_with_an_answer() -> None:
    rng = Random(f"order/{seed()}")
    with_some = 0
    for _ in range(scaled(ROUNDS)):
        policies, own = drawn(rng)
        expected = told(evaluated(an_operation(policies, own)))
        with_some += bool(expected[1])
        again = [policy.shuffled(rng) for policy in policies]
        rng.shuffle(again)
        assert told(evaluated(an_operation(again, own))) == expected, policies
    assert with_some > scaled(ROUNDS) // 20


def test_a_statement_goes_with_the_answer_iff_its_way_has_the_final_effect() -> None:
    """Everything is looked at, nothing passed over; first-applicable alone ends."""
    rng = Random(f"ways/{seed()}")
    looked_at = 0
    for _ in range(scaled(ROUNDS)):
        policies, own = drawn(rng)
        evaluation = evaluated(an_operation(policies, own))
        if any(is_doubtful(one.why) for one in evaluation.left_out):
            # A permit that nobody gets: nothing is made for it.
            assert evaluation.outcome is P
            assert evaluation.statements == ()
            continue
        looked_at += 1
        final = effect_of(evaluation.outcome) or NodeEffect.DENY
        section = combine(CombiningAlgorithm.DENY_OVERRIDES, [one.result() for one in policies])
        ways = [way for policy in policies for way in ways_of(policy, ())]
        expected = [
            one
            for way, one in ways
            if applies(one, way[-1]) and (one.declaration.own_effect or all_have(final, way))
            if one.declaration.own_effect or effect_of(section) is final
        ]
        expected += [one for one in own if final in one.declaration.applies_to]
        names = [one.declaration.name.value for one in expected if not one.is_words]
        got = {one.id for one in evaluation.statements} | {one.id for one in evaluation.left_out}
        assert {name for name in got if not is_word(name, policies, own)} == set(names)
    assert looked_at > scaled(ROUNDS) // 2


def ways_of(
    node: Drawn, above: tuple[Outcome, ...]
) -> list[tuple[tuple[Outcome, ...], AttachedStatement]]:
    way = (*above, node.result())
    found = [(way, one) for one in node.attached]
    for child in node.children:
        found += ways_of(child, way)
        if node.algorithm is FIRST and child.result() is not N:
            break
    return found


def applies(one: AttachedStatement, outcome: Outcome) -> bool:
    return effect_of(outcome) in one.declaration.applies_to


def all_have(effect: NodeEffect, way: Sequence[Outcome]) -> bool:
    return all(effect_of(outcome) is effect for outcome in way)


def is_doubtful(why: str) -> bool:
    return "in error" in why


def is_word(name: str, policies: Sequence[Drawn], own: Sequence[AttachedStatement]) -> bool:
    carried = [one for policy in policies for _, one in ways_of(policy, ())]
    return any(one.is_words and one.declaration.name.value == name for one in [*carried, *own])


def test_no_permit_goes_without_an_obligatory_statement_that_applies_or_may_have_to() -> None:
    rng = Random(f"obligations/{seed()}")
    turned = 0
    for _ in range(scaled(ROUNDS)):
        policies, own = drawn(rng)
        evaluation = evaluated(an_operation(policies, own))
        possible = frozenset({"custom"}) if rng.random() < 0.8 else frozenset[str]()
        settled = carried_out(evaluation, possible)
        asked = {one.id for one in evaluation.statements if one.obligatory}
        asked |= {one.id for one in evaluation.left_out if one.obligatory}
        if settled.outcome is P:
            assert evaluation.outcome is P
            assert asked <= {one.id for one in settled.statements}
        elif evaluation.outcome is P:
            turned += 1
            assert settled.reason is Reason.STATEMENT_NOT_POSSIBLE
            assert settled.statements == ()
    assert turned > 0


def test_a_deny_never_carries_what_is_meant_for_a_permit_alone() -> None:
    """But for `path-matches`, where the node's own effect counts."""
    rng = Random(f"denies/{seed()}")
    denies = 0
    for _ in range(scaled(ROUNDS)):
        policies, own = drawn(rng)
        evaluation = evaluated(an_operation(policies, own))
        if evaluation.outcome is P:
            continue
        denies += 1
        everything = [one for policy in policies for _, one in ways_of(policy, ())]
        for_permits = {
            one.declaration.name.value
            for one in (*everything, *own)
            if one.declaration.applies_to == {NodeEffect.PERMIT} and not one.declaration.own_effect
        }
        assert for_permits.isdisjoint(one.id for one in evaluation.statements)
    assert denies > 0
