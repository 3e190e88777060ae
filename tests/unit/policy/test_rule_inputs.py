"""What traces show of the basic rules; nothing they show can fail the decision."""

import pytest

from deemster.policy.rule_inputs import acr_input, age_input, scopes_input
from deemster.policy.values import Values
from tests.support.conditions import NOW, a_token, values


def aged(auth_time: object) -> Values:
    return values(claims=a_token({"sub": "a", "auth_time": auth_time}))


@pytest.mark.parametrize(
    ("auth_time", "shown"),
    [
        (NOW - 90, 90),
        (NOW + 1.2, -1),
        ("now", "now"),
        (None, None),
        (True, True),
        (10**400, 10**400),
        (float("inf"), float("inf")),
    ],
    ids=["a login", "a clock ahead", "text", "null", "bool", "400 digits", "infinite"],
)
def test_the_age_of_a_login_or_the_claim_as_it_stands(auth_time: object, shown: object) -> None:
    ((_, read),) = age_input()
    assert read(aged(auth_time)) == shown


def test_where_no_credential_was_read_there_is_nothing_to_show() -> None:
    public = values(is_public=True)
    assert [read(public) for _, read in (*scopes_input(), *acr_input(), *age_input())] == [
        [],
        None,
        None,
    ]
