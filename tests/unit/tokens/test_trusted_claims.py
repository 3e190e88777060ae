"""Asserted claims: what is taken on the word of an entitled gateway, and what is not."""

from __future__ import annotations

import pytest

from deemster.errors import ConfigurationError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from deemster.tokens.trusted_claims import AssertedClaimsProvider
from tests.support.clock import FROZEN_AT as NOW
from tests.support.keys import AUDIENCE, ISSUER, a_provider

EXTERNAL = AssertedClaimsProvider(id="apigee-partners")
INTERNAL = a_provider()
MINIMAL = {"active": True, "sub": "alice", "aud": AUDIENCE}


def external_reason(claims: object) -> Reason:
    with pytest.raises(TokenRejectedError) as caught:
        EXTERNAL.accept(claims, audience=None, now=NOW)  # type: ignore[arg-type] # hostile
    return caught.value.reason


def internal_reason(**changes: object) -> Reason:
    claims = {name: value for name, value in {**MINIMAL, **changes}.items() if value is not ...}
    with pytest.raises(TokenRejectedError) as caught:
        INTERNAL.accept(claims, audience=AUDIENCE, now=NOW)
    return caught.value.reason


def test_external_claims_are_taken_as_given_and_unknown_ones_kept() -> None:
    given = {"active": True, "sub": "alice", "partner": {"tier": "gold"}, "scope": ["a", "b"]}
    claims = EXTERNAL.accept(given, audience=None, now=NOW)
    assert claims.claims == given
    assert claims.asserted
    assert claims.scopes == {"a", "b"}
    assert (claims.provider, claims.user_id, claims.expires_at) == ("apigee-partners", None, None)


@pytest.mark.parametrize("aud", ["somebody else", ["somebody", "else"], []])
def test_nothing_is_matched_for_external_claims(aud: object) -> None:
    given = {"aud": aud, "iss": "https://elsewhere.example", "nbf": NOW + 9999}
    assert EXTERNAL.accept(given, audience=None, now=NOW).claims == given


@pytest.mark.parametrize("claims", [None, [], "alice", 7, True, [["sub", "alice"]]])
def test_anything_but_an_object_is_malformed(claims: object) -> None:
    assert external_reason(claims) is Reason.CLAIMS_MALFORMED


def test_an_empty_object_asserts_nothing() -> None:
    assert external_reason({}) is Reason.CLAIMS_MISSING


@pytest.mark.parametrize("active", [False, "true", "True", 1, 1.0, None, [True], {}])
def test_only_true_is_active(active: object) -> None:
    assert external_reason({"active": active, "sub": "alice"}) is Reason.TOKEN_INACTIVE
    assert internal_reason(active=active) is Reason.TOKEN_INACTIVE


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": 7}, id="sub"),
        pytest.param({"client_id": ["a"]}, id="client_id"),
        pytest.param({"aud": {"a": 1}}, id="aud"),
        pytest.param({"aud": ["a", 7]}, id="aud list"),
        pytest.param({"scope": 7}, id="scope"),
        pytest.param({"scope": ["a", None]}, id="scope list"),
        pytest.param({"exp": "1763800000"}, id="exp"),
        pytest.param({"exp": True}, id="exp is true"),
        pytest.param({"auth_time": [1]}, id="auth_time"),
        pytest.param({"iss": None}, id="iss"),
    ],
)
def test_claims_of_the_wrong_shape_are_malformed(claims: dict[str, object]) -> None:
    assert external_reason(claims) is Reason.CLAIMS_MALFORMED
    assert internal_reason(**claims) is Reason.CLAIMS_MALFORMED


@pytest.mark.parametrize(
    ("exp", "accepted"), [(NOW - 31, False), (NOW - 30, False), (NOW - 29, True), (NOW, True)]
)
def test_an_expired_assertion_is_refused(exp: float, accepted: bool) -> None:
    if accepted:
        assert EXTERNAL.accept({"exp": exp}, audience=None, now=NOW).expires_at == exp
    else:
        assert external_reason({"exp": exp}) is Reason.TOKEN_EXPIRED
        assert internal_reason(exp=exp) is Reason.TOKEN_EXPIRED


def test_an_expired_assertion_is_taken_where_the_provider_says_so() -> None:
    provider = AssertedClaimsProvider(id="p", honour_exp=False)
    assert provider.accept({"exp": 1}, audience=None, now=NOW).expires_at is None


def test_an_exp_of_the_wrong_shape_is_refused_even_where_it_is_not_honoured() -> None:
    provider = AssertedClaimsProvider(id="p", honour_exp=False)
    with pytest.raises(TokenRejectedError, match="claims-malformed"):
        provider.accept({"exp": "never"}, audience=None, now=NOW)


def test_an_internal_provider_finds_user_client_and_scopes() -> None:
    claims = INTERNAL.accept(
        {**MINIMAL, "client_id": "shop", "scope": "a b"}, audience=AUDIENCE, now=NOW
    )
    assert (claims.user_id, claims.client_id, claims.scopes) == (
        "alice",
        "shop",
        frozenset({"a", "b"}),
    )
    assert claims.asserted


@pytest.mark.parametrize("aud", [..., "other", AUDIENCE + " ", AUDIENCE[:-1], ["other"], []])
def test_an_internal_provider_requires_the_exact_audience(aud: object) -> None:
    assert internal_reason(aud=aud) is Reason.TOKEN_AUDIENCE_MISMATCH


def test_one_member_of_a_list_of_audiences_is_enough() -> None:
    given = {**MINIMAL, "aud": ["other", AUDIENCE]}
    assert INTERNAL.accept(given, audience=AUDIENCE, now=NOW).user_id == "alice"


def test_a_service_without_audience_takes_nothing_from_an_internal_provider() -> None:
    with pytest.raises(TokenRejectedError, match="token-audience-mismatch"):
        INTERNAL.accept(MINIMAL, audience=None, now=NOW)


@pytest.mark.parametrize("iss", [ISSUER + "/", ISSUER[:-1], "", ISSUER.upper()])
def test_a_present_issuer_must_be_the_internal_provider(iss: str) -> None:
    assert internal_reason(iss=iss) is Reason.TOKEN_ISSUER_UNKNOWN


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_an_internal_assertion_from_the_future_is_refused(name: str) -> None:
    assert internal_reason(**{name: NOW + 31}) is Reason.TOKEN_NOT_YET_VALID
    given = {**MINIMAL, name: NOW + 30}
    assert INTERNAL.accept(given, audience=AUDIENCE, now=NOW).user_id == "alice"


def test_an_internal_client_assertion_has_no_user() -> None:
    given = {"aud": AUDIENCE, "client_id": "shop"}
    assert INTERNAL.accept(given, audience=AUDIENCE, now=NOW).user_id is None


def test_an_assertion_without_the_claim_that_names_the_user_is_refused() -> None:
    provider = a_provider(user_claim="uid")
    with pytest.raises(TokenRejectedError, match="claims-missing"):
        provider.accept(MINIMAL, audience=AUDIENCE, now=NOW)


async def test_no_bearer_token_is_believed_where_only_a_gateway_can_vouch() -> None:
    credential = Credential("bearer", "a.b.c")
    assert EXTERNAL.recall(credential, audience=None, now=NOW) is None
    with pytest.raises(TokenRejectedError, match="claims-missing"):
        await EXTERNAL.verify(credential, audience=None, now=NOW)


def test_too_wide_a_skew_stops_the_start() -> None:
    with pytest.raises(ConfigurationError):
        AssertedClaimsProvider(id="p", skew=61)
