"""What a trace shows of a condition's inputs."""

from __future__ import annotations

from deemster.policy.expressions.inputs import describe_inputs
from tests.support.conditions import (
    a_library,
    a_scope,
    a_token,
    a_user,
    checked_condition,
    values,
)


def seen(text: str, **given: object) -> dict[str, str]:
    scope = a_scope(a_library(conditions={"adult": "claims.age >= 18"}))
    at = values(**given)  # type: ignore[arg-type]  # a test names the parts
    inputs = describe_inputs(checked_condition(text, scope))
    return {name: repr(read(at)) for name, read in inputs}


def test_every_name_is_shown_once_in_source_order() -> None:
    token = a_token({"sub": "alice", "age": 20})
    text = "claims.sub == 'a' || claims.sub == 'b' || adult && adult || request.method == 'GET'"
    assert list(seen(text, claims=token).items()) == [
        ("claims.sub", "'alice'"),
        ("claims.age", "20"),
        ("request.method", "'POST'"),
    ]


def test_sets_are_shown_sorted() -> None:
    user = a_user(groups=frozenset({"b", "a", "c"}))
    assert seen("has(user) && 'a' in user.groups", user=user) == {
        "has(user)": "True",
        "user.groups": "['a', 'b', 'c']",
    }


def test_headers_and_query_parameters_are_counted_and_not_shown() -> None:
    text = "'x' in request.headers.authorization || 'x' in request.query.access_token"
    shown = seen(
        text,
        headers=(("authorization", "Bearer secret"),),
        url="https://api.example.com/billing/?access_token=s3cret&access_token=s4cret",
    )
    assert shown == {
        "request.headers.authorization": "<1 value>",
        "request.query.access_token": "<2 values>",
    }


def test_a_name_asked_for_by_has_is_shown() -> None:
    assert seen("has(claims.tenant)", claims=a_token({"tenant": "acme"})) == {
        "claims.tenant": "'acme'"
    }
