"""What each part of a condition came to, short circuits included."""

from deemster.errors import EvaluationError
from deemster.policy.expressions.explaining import ConditionExplainer
from tests.support.conditions import a_scope, a_token, a_user, checked_condition, marked, values


def explained(text: str, **claims: object) -> list[tuple[str, object]]:
    found = ConditionExplainer().explain(
        checked_condition(text, a_scope()), values(claims=a_token(claims), user=a_user())
    )
    return [
        (
            marked(text, term.span),
            ended.message if isinstance(ended, EvaluationError) else ended,
        )
        for term, ended in found
    ]


def test_parts_end_before_the_condition_and_what_is_passed_over_is_not_there() -> None:
    text = "claims.sub == 'alice' && (claims.tier == 'gold' || has(claims.tenant))"
    assert explained(text, sub="bob") == [("claims.sub == 'alice'", False), (text, False)]
    assert explained(text, sub="alice", tier="gold") == [
        ("claims.sub == 'alice'", True),
        ("claims.tier == 'gold'", True),
        ("claims.tier == 'gold' || has(claims.tenant)", True),
        (text, True),
    ]


def test_an_error_is_that_of_the_part_and_of_all_around_it_unless_another_part_decides() -> None:
    text = "claims.tenant == 'acme' && claims.sub == 'alice'"
    missing = "`claims.tenant` is absent"
    assert explained(text, sub="alice") == [
        ("claims.tenant == 'acme'", missing),
        ("claims.sub == 'alice'", True),
        (text, missing),
    ]
    assert explained(text, sub="bob") == [
        ("claims.tenant == 'acme'", missing),
        ("claims.sub == 'alice'", False),
        (text, False),
    ]


def test_a_negation_has_its_operand_and_nested_lists_of_one_kind_are_one() -> None:
    text = "!(claims.sub == 'a' && (claims.sub == 'b' && has(user)))"
    assert explained(text, sub="a") == [
        ("claims.sub == 'a'", True),
        ("claims.sub == 'b'", False),
        ("claims.sub == 'a' && (claims.sub == 'b' && has(user))", False),
        (text, True),
    ]


def test_both_conditions_of_a_conditional_are_parts_if_it_is_a_condition_itself() -> None:
    text = "has(user) ? claims.sub == 'a' : claims.sub == 'b'"
    assert explained(text, sub="a") == [
        ("has(user)", True),
        ("claims.sub == 'a'", True),
        (text, True),
    ]
