"""Names that need no declaration (policy-language section 5)."""

from __future__ import annotations

import pytest

from deemster.errors import EvaluationError
from deemster.policy.expressions.closures import compile_expression
from deemster.policy.expressions.registered import REGISTERED_CLAIMS, USER_BUILT_INS
from tests.support.conditions import a_token, checked_condition, checked_value, values

TABLE = {
    "iss": "string", "sub": "string", "jti": "string", "client_id": "string", "azp": "string",
    "acr": "string", "aud": "list<string>", "amr": "list<string>", "exp": "timestamp",
    "iat": "timestamp", "nbf": "timestamp", "auth_time": "timestamp", "scope": "list<string>",
}  # fmt: skip


def test_the_registered_claims_are_those_of_the_table() -> None:
    assert {name: str(type_) for name, type_ in REGISTERED_CLAIMS.items()} == TABLE


@pytest.mark.parametrize("name", TABLE)
def test_a_registered_claim_is_declared_from_the_start(name: str) -> None:
    assert str(checked_value(f"claims.{name}").type) == TABLE[name]


@pytest.mark.parametrize("name", [name for name, type_ in TABLE.items() if "list" not in type_])
def test_a_registered_scalar_is_optional(name: str) -> None:
    token = values(claims=a_token({}))
    assert compile_expression(checked_condition(f"has(claims.{name})"))(token) is False
    with pytest.raises(EvaluationError):
        compile_expression(checked_value(f"claims.{name}"))(token)


@pytest.mark.parametrize("name", [name for name, type_ in TABLE.items() if "list" in type_])
def test_a_registered_list_is_empty_by_default(name: str) -> None:
    token = values(claims=a_token({}, scopes=frozenset()))
    assert compile_expression(checked_condition(f"has(claims.{name})"))(token) is True
    assert compile_expression(checked_value(f"size(claims.{name})"))(token) == 0


@pytest.mark.parametrize("name", USER_BUILT_INS)
def test_a_member_of_user_is_built_in(name: str) -> None:
    expected = "string" if name == "id" else "list<string>"
    assert str(checked_value(f"user.{name}").type) == expected


def test_scope_is_the_providers_scope_set_whatever_the_token_says() -> None:
    token = a_token({"scope": 5}, scopes=frozenset({"a", "b"}))
    assert compile_expression(checked_value("claims.scope"))(values(claims=token)) == {"a", "b"}
