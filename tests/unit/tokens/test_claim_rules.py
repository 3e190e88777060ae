"""The shape of registered claims, for verified and asserted claims alike."""

from __future__ import annotations

import math

import pytest

from deemster.errors import ConfigurationError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Confirmation
from deemster.tokens.claim_rules import ClaimReader, TokenTimes, checked_skew


def reader(**claims: object) -> ClaimReader:
    return ClaimReader(claims, malformed=Reason.TOKEN_MALFORMED)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "auth_time"])
@pytest.mark.parametrize(
    "date",
    [
        pytest.param("1763800000", id="text"),
        pytest.param(True, id="true"),
        pytest.param(None, id="null"),
        pytest.param([1763800000], id="list"),
        pytest.param({}, id="object"),
        pytest.param(-1, id="negative"),
        pytest.param(-0.5, id="negative fraction"),
        pytest.param(2**53, id="2^53"),
        pytest.param(10**300, id="three hundred digits"),
        pytest.param(math.nan, id="nan"),
        pytest.param(math.inf, id="infinity"),
        pytest.param(-math.inf, id="minus infinity"),
    ],
)
def test_a_date_that_is_no_numeric_date_is_refused(name: str, date: object) -> None:
    with pytest.raises(TokenRejectedError) as caught:
        reader(**{name: date})
    assert caught.value.reason is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("date", [0, 1763800000, 1763800000.25, 2**53 - 1])
def test_a_numeric_date_is_seconds(date: float) -> None:
    assert reader(exp=date, nbf=date, iat=date).times == TokenTimes(date, date, date)


@pytest.mark.parametrize("name", ["iss", "sub", "client_id", "azp", "jti", "acr"])
@pytest.mark.parametrize("value", [None, 7, True, ["alice"], {"id": "alice"}])
def test_a_name_that_is_no_string_is_refused(name: str, value: object) -> None:
    with pytest.raises(TokenRejectedError, match="token-malformed"):
        reader(**{name: value})


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        pytest.param("a b", {"a", "b"}, id="string"),
        pytest.param("a a", {"a"}, id="repeated"),
        pytest.param("", set(), id="empty string"),
        pytest.param(" a  b ", {"a", "b"}, id="spare spaces"),
        pytest.param("a\tb", {"a\tb"}, id="a tab separates nothing"),
        pytest.param("a,b", {"a,b"}, id="a comma separates nothing"),
        pytest.param(["a", "b c"], {"a", "b c"}, id="list"),
        pytest.param([], set(), id="empty list"),
    ],
)
def test_scopes_are_split_on_spaces_or_listed(scope: object, scopes: set[str]) -> None:
    assert reader(scope=scope).scopes("scope") == scopes


def test_absent_scopes_are_the_empty_set_and_no_other_claim_stands_in() -> None:
    assert reader(scp="a", scopes=["a"]).scopes("scope") == frozenset()


@pytest.mark.parametrize("scope", [None, 7, True, {"a": 1}, ["a", 1], [["a"]], ["a", None]])
def test_any_other_scope_is_malformed(scope: object) -> None:
    with pytest.raises(TokenRejectedError, match="token-malformed"):
        reader(scope=scope).scopes("scope")


@pytest.mark.parametrize(
    ("aud", "audiences"),
    [("api", {"api"}), (["api", "other"], {"api", "other"}), ([], set()), ("", {""})],
)
def test_audience_is_a_string_or_a_list(aud: object, audiences: set[str]) -> None:
    assert reader(aud=aud).audiences() == audiences


@pytest.mark.parametrize("aud", [None, 7, True, {"api": 1}, ["api", 1], [["api"]], ["api", None]])
def test_any_other_audience_is_malformed(aud: object) -> None:
    with pytest.raises(TokenRejectedError, match="token-malformed"):
        reader(aud=aud).audiences()


def test_permissions_are_read_only_where_a_claim_is_named() -> None:
    claims = reader(perms=["a:b"])
    assert claims.permissions(None) is None
    assert claims.permissions("perms") == frozenset({"a:b"})
    assert claims.permissions("p1.permissions") == frozenset()


@pytest.mark.parametrize("permissions", ["a:b", None, {"a": "b"}, ["a", 1]])
def test_permissions_must_be_a_list_of_strings(permissions: object) -> None:
    with pytest.raises(TokenRejectedError, match="token-malformed"):
        reader(perms=permissions).permissions("perms")


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        pytest.param({"sub": "alice"}, "alice", id="user without client"),
        pytest.param({"sub": "alice", "client_id": "shop"}, "alice", id="user of a client"),
        pytest.param({"client_id": "shop"}, None, id="no sub"),
        pytest.param({"sub": "shop", "client_id": "shop"}, None, id="sub is the client"),
        pytest.param({"sub": "shop", "azp": "shop"}, None, id="sub is azp"),
        pytest.param({"sub": "Shop", "client_id": "shop"}, "Shop", id="exact comparison"),
        pytest.param({"sub": "a", "client_id": "shop", "azp": "a"}, "a", id="client_id before azp"),
    ],
)
def test_a_client_token_has_no_user(claims: dict[str, object], user: str | None) -> None:
    assert reader(**claims).user_id("sub", absent=Reason.TOKEN_MALFORMED) == user


def test_another_claim_may_name_the_user() -> None:
    claims = reader(sub="1", uid="alice")
    assert claims.user_id("uid", absent=Reason.TOKEN_MALFORMED) == "alice"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"sub": "1"}, Reason.CLAIMS_MISSING, id="absent"),
        pytest.param({"sub": "1", "uid": ""}, Reason.TOKEN_MALFORMED, id="empty"),
        pytest.param({"sub": "1", "uid": 7}, Reason.TOKEN_MALFORMED, id="number"),
    ],
)
def test_a_user_token_without_its_user_is_refused(
    claims: dict[str, object], reason: Reason
) -> None:
    with pytest.raises(TokenRejectedError) as caught:
        reader(**claims).user_id("uid", absent=Reason.CLAIMS_MISSING)
    assert caught.value.reason is reason


@pytest.mark.parametrize("skew", [-1, 60.1, math.inf, math.nan])
def test_clocks_may_not_differ_by_more_than_a_minute(skew: float) -> None:
    with pytest.raises(ConfigurationError, match="skew"):
        checked_skew(skew)


@pytest.mark.parametrize(
    ("cnf", "found"),
    [
        ({"jkt": "k" * 43}, Confirmation("k" * 43, None)),
        ({"x5t#S256": "c" * 43}, Confirmation(None, "c" * 43)),
        ({"jkt": "k" * 43, "x5t#S256": "c" * 43}, Confirmation("k" * 43, "c" * 43)),
    ],
)
def test_a_confirmation_says_by_what_the_token_is_bound(cnf: object, found: Confirmation) -> None:
    reader = ClaimReader({"cnf": cnf}, malformed=Reason.TOKEN_MALFORMED)
    assert reader.confirmation() == found


def test_a_token_without_a_confirmation_is_bound_to_nobody() -> None:
    assert ClaimReader({}, malformed=Reason.TOKEN_MALFORMED).confirmation() is None


@pytest.mark.parametrize(
    "cnf", [None, {}, [], "x", {"kid": "1"}, {"jkt": "k" * 43, "jwk": {}}, {"jkt": "k" * 42}]
)
def test_a_confirmation_that_nobody_can_check_is_refused(cnf: object) -> None:
    reader = ClaimReader({"cnf": cnf}, malformed=Reason.TOKEN_MALFORMED)
    with pytest.raises(TokenRejectedError) as caught:
        reader.confirmation()
    assert caught.value.reason is Reason.BINDING_FAILED
