"""One operation: guards can only refuse, each grant that is present must permit."""

import itertools

import pytest

from deemster.errors import EvaluationError
from deemster.model.decision import DeniedReason, NodeRef, Reason
from deemster.model.identity import UserPart
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import Node, NodeResult
from deemster.policy.rules import AllowLine
from deemster.policy.snapshot import CompiledOperation, Evaluation
from deemster.policy.statements.operations import CarryingOperation
from deemster.policy.values import NeedsValues, Values
from tests.support.conditions import span, values
from tests.support.nodes import FixedNode, words

P, D, N, IP, ID, IDP = Outcome
HERE = span()


class Unfetched(FixedNode):
    """One that needs what nobody fetched."""

    def evaluate(self, values: Values) -> NodeResult:
        raise NeedsValues(frozenset({UserPart.GROUPS}))


def a_line(outcome: Outcome) -> AllowLine:
    def test(_: Values) -> bool:
        if outcome is IP:
            raise EvaluationError("allow", reason=Reason.DEPENDENCY_UNAVAILABLE, span=HERE)
        return outcome is P

    return AllowLine(NodeRef("allow", HERE), Reason.SCOPE_MISSING, test, None)


def an_operation(
    guard: Outcome | Node | None = None,
    allow: Outcome | None = None,
    policy: Outcome | Node | None = None,
    *,
    otherwise: str | None = None,
) -> CompiledOperation:
    return CarryingOperation(
        ref=NodeRef("operation", HERE),
        grant_ref=NodeRef("operation/allow", HERE),
        operation_id="operation",
        public=False,
        guards=_nodes("guard", guard),
        lines=None if allow is None else (a_line(allow),),
        policies=_nodes("policy", policy) or None,
        otherwise=DeniedReason(otherwise, otherwise) if otherwise else None,
    )


def _nodes(name: str, found: Outcome | Node | None) -> tuple[Node, ...]:
    if found is None:
        return ()
    return (FixedNode(name, found) if isinstance(found, Outcome) else found,)


def judged(operation: CompiledOperation) -> Evaluation:
    found = operation.evaluate(values())
    assert isinstance(found, Evaluation)
    return found


GUARDS = [None, P, D, N, IP, ID, IDP]
ALLOWS = [None, P, D, IP]
SITUATIONS = [
    (guard, allow, policy)
    for guard, allow, policy in itertools.product(GUARDS, ALLOWS, GUARDS)
    if allow is not None or policy is not None
]


@pytest.mark.parametrize(("guard", "allow", "policy"), SITUATIONS, ids=str)
def test_it_permits_iff_no_guard_refuses_and_each_grant_permits(
    guard: Outcome | None, allow: Outcome | None, policy: Outcome | None
) -> None:
    found = judged(an_operation(guard, allow, policy))
    expected = guard in {None, P, N} and allow in {None, P} and policy in {None, P}
    assert (found.outcome is P) is expected
    assert (found.reason is Reason.PERMITTED) is expected


@pytest.mark.parametrize(
    ("guard", "allow", "policy", "reason"),
    [
        (D, D, D, Reason.POLICY_DENIED),
        (D, IP, P, Reason.POLICY_DENIED),
        (IP, D, D, Reason.SCOPE_MISSING),
        (IP, IP, D, Reason.POLICY_DENIED),
        (IP, IP, ID, Reason.ATTRIBUTE_MISSING),
        (N, IP, ID, Reason.DEPENDENCY_UNAVAILABLE),
        (N, IP, N, Reason.DEPENDENCY_UNAVAILABLE),
        (N, P, N, Reason.NO_RULE),
        (P, None, N, Reason.NO_RULE),
    ],
    ids=str,
)
def test_the_first_reason_in_order_of_precedence_is_told(
    guard: Outcome, allow: Outcome | None, policy: Outcome, reason: Reason
) -> None:
    assert judged(an_operation(guard, allow, policy)).reason is reason


@pytest.mark.parametrize("policies", [None, ()])
def test_an_operation_without_a_grant_cannot_be_built(policies: tuple[Node, ...] | None) -> None:
    with pytest.raises(ValueError, match="has no grant"):
        CompiledOperation(
            ref=NodeRef("operation", HERE),
            grant_ref=NodeRef("operation", HERE),
            operation_id="operation",
            public=True,
            guards=(FixedNode("guard", P),),
            lines=None,
            policies=policies,
            otherwise=None,
        )


@pytest.mark.parametrize("place", ["guard", "policy"])
def test_what_was_not_fetched_is_asked_for_and_never_judged(place: str) -> None:
    unfetched = Unfetched("unfetched", P)
    operation = an_operation(unfetched, P) if place == "guard" else an_operation(None, P, unfetched)
    found = operation.evaluate(values())
    assert isinstance(found, NeedsValues)
    assert found.parts == {UserPart.GROUPS}


def test_a_refused_line_is_told_without_what_policies_would_need() -> None:
    found = judged(an_operation(None, D, Unfetched("unfetched", D)))
    assert found.reason is Reason.SCOPE_MISSING


WORDS = [
    (
        FixedNode("guard", D, words("guard")),
        P,
        FixedNode("policy", D, words("policy")),
        None,
        "guard",
    ),
    (FixedNode("guard", D), D, FixedNode("policy", D, words("policy")), "otherwise", "otherwise"),
    (FixedNode("guard", D), P, FixedNode("policy", D, words("policy")), "otherwise", "policy"),
    (None, D, FixedNode("policy", D, words("policy")), "otherwise", "otherwise"),
    (None, D, FixedNode("policy", D, words("policy")), None, "policy"),
    (None, D, FixedNode("policy", P, words("policy")), None, None),
    (None, P, FixedNode("policy", D, words("policy")), "otherwise", "policy"),
    (None, IP, None, "otherwise", None),
]


@pytest.mark.parametrize(("guard", "allow", "policy", "otherwise", "told"), WORDS)
def test_one_denied_reason_wins_guards_then_allow_then_policies(
    guard: Node | None,
    allow: Outcome,
    policy: Node | None,
    otherwise: str | None,
    told: str | None,
) -> None:
    found = judged(an_operation(guard, allow, policy, otherwise=otherwise))
    assert (found.denied_reason.code if found.denied_reason else None) == told
