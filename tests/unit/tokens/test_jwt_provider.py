"""Verified tokens: each fault has its own reason, and nothing is believed for too long."""

from __future__ import annotations

import asyncio

import pytest

from deemster.errors import ConfigurationError, DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind
from deemster.tokens.remote_keys import FetchedKeys, RemoteKeySet
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock
from tests.support.keys import (
    AUDIENCE,
    ISSUER,
    a_provider,
    key_document,
    minted,
    signing_key,
)
from tests.support.scale import scaled


def bearer(token: str) -> Credential:
    return Credential("bearer", token)


async def verified(
    token: str, provider: JwtProvider | None = None, *, now: float = NOW
) -> VerifiedClaims:
    provider = provider or a_provider()
    return await provider.verify(bearer(token), audience=AUDIENCE, now=now)


async def reason_of(token: str, provider: JwtProvider | None = None, *, now: float = NOW) -> Reason:
    with pytest.raises(TokenRejectedError) as caught:
        await verified(token, provider, now=now)
    return caught.value.reason


async def test_a_good_token_gives_its_claims() -> None:
    claims = await verified(minted("alice", acr="mfa"))
    assert claims.user_id == "alice"
    assert claims.client_id == "webshop"
    assert claims.scopes == {"invoices.read", "invoices.pay"}
    assert claims.claims["acr"] == "mfa"
    assert claims.expires_at == NOW + 3600
    assert (claims.provider, claims.key_id, claims.asserted) == ("bizpro", "ES256-one", False)
    assert claims.permissions is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"iss": ...}, Reason.TOKEN_MALFORMED, id="no iss"),
        pytest.param({"iss": ISSUER + "/"}, Reason.TOKEN_ISSUER_UNKNOWN, id="iss with slash"),
        pytest.param({"iss": ISSUER[:-1]}, Reason.TOKEN_ISSUER_UNKNOWN, id="part of iss"),
        pytest.param({"iss": [ISSUER]}, Reason.TOKEN_MALFORMED, id="list of iss"),
        pytest.param({"aud": ...}, Reason.TOKEN_AUDIENCE_MISMATCH, id="no aud"),
        pytest.param({"aud": "other"}, Reason.TOKEN_AUDIENCE_MISMATCH, id="another aud"),
        pytest.param({"aud": AUDIENCE[:7]}, Reason.TOKEN_AUDIENCE_MISMATCH, id="part of aud"),
        pytest.param({"aud": []}, Reason.TOKEN_AUDIENCE_MISMATCH, id="empty aud"),
        pytest.param({"aud": {AUDIENCE: 1}}, Reason.TOKEN_MALFORMED, id="aud is an object"),
        pytest.param({"aud": [AUDIENCE, 7]}, Reason.TOKEN_MALFORMED, id="aud list with a number"),
        pytest.param({"exp": ...}, Reason.TOKEN_MALFORMED, id="no exp"),
        pytest.param({"exp": NOW - 30}, Reason.TOKEN_EXPIRED, id="expired"),
        pytest.param({"nbf": NOW + 31}, Reason.TOKEN_NOT_YET_VALID, id="nbf"),
        pytest.param({"iat": NOW + 31}, Reason.TOKEN_NOT_YET_VALID, id="iat"),
        pytest.param({"scope": {"a": 1}}, Reason.TOKEN_MALFORMED, id="scope is an object"),
        pytest.param({"sub": 7}, Reason.TOKEN_MALFORMED, id="sub is a number"),
        pytest.param({"sub": ""}, Reason.TOKEN_MALFORMED, id="empty sub"),
        pytest.param({"client_id": None}, Reason.TOKEN_MALFORMED, id="client_id is null"),
    ],
)
async def test_each_fault_has_its_own_reason(changes: dict[str, object], reason: Reason) -> None:
    assert await reason_of(minted(**changes)) is reason  # type: ignore[arg-type] # claims


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        pytest.param({"exp": 2000}, 2029.9, id="just before exp and skew"),
        pytest.param({"exp": 2000, "nbf": 1030}, 1000, id="nbf at the skew"),
        pytest.param({"exp": 2000, "iat": 1030}, 1000, id="iat at the skew"),
        pytest.param({"exp": 2000.5}, 2030.4, id="fraction"),
    ],
)
async def test_times_hold_within_the_skew(changes: dict[str, object], now: float) -> None:
    token = minted("alice", **{"iat": ..., **changes})  # type: ignore[arg-type] # claims
    assert (await verified(token, now=now)).user_id == "alice"


@pytest.mark.parametrize("permissions", [[], ["invoices:pay"]])
async def test_permissions_come_from_the_claim_the_provider_names(permissions: list[str]) -> None:
    provider = a_provider(permissions_claim="p1.permissions")
    token = minted(**{"p1.permissions": permissions})  # type: ignore[arg-type] # claims
    assert (await verified(token, provider)).permissions == frozenset(permissions)


async def test_scopes_come_from_the_claim_the_provider_names() -> None:
    provider = a_provider(scope_claim="scp")
    assert (await verified(minted(scp=["a"]), provider)).scopes == {"a"}
    assert (await verified(minted(), provider)).scopes == frozenset()


@pytest.mark.parametrize(
    "changes", [{"sub": ...}, {"sub": "webshop"}, {"sub": "a", "client_id": "a"}]
)
async def test_a_client_token_names_no_user(changes: dict[str, object]) -> None:
    claims = await verified(minted(**changes))  # type: ignore[arg-type] # claims
    assert claims.user_id is None
    assert claims.client_id is not None


async def test_an_external_provider_never_names_a_user() -> None:
    provider = a_provider(kind=ProviderKind.EXTERNAL)
    claims = await verified(minted("alice"), provider)
    assert (claims.user_id, claims.claims["sub"]) == (None, "alice")


async def test_a_service_without_audience_accepts_no_token() -> None:
    with pytest.raises(TokenRejectedError, match="token-audience-mismatch"):
        await a_provider().verify(bearer(minted()), audience=None, now=NOW)


async def test_another_token_type_is_taken_only_where_any_is() -> None:
    token = minted(typ="JWT")
    assert await reason_of(token) is Reason.TOKEN_TYPE_REJECTED
    assert (await verified(token, a_provider(token_type=TokenType.ANY))).user_id == "alice"


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"skew": 61}, id="skew above a minute"),
        pytest.param({"algorithms": []}, id="no algorithm"),
        pytest.param({"algorithms": ["HS256"]}, id="symmetric"),
        pytest.param({"algorithms": ["none"]}, id="none"),
        pytest.param({"algorithms": ["RS256", "rs256"]}, id="another case"),
    ],
)
def test_unsafe_settings_stop_the_start(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        a_provider(**settings)


# --- tokens seen before ---


async def test_a_token_seen_before_is_recalled_without_verifying() -> None:
    provider = a_provider()
    token = minted()
    assert provider.recall(bearer(token), audience=AUDIENCE, now=NOW) is None
    claims = await verified(token, provider)
    assert provider.recall(bearer(token), audience=AUDIENCE, now=NOW) is claims


async def test_a_refused_token_is_not_remembered() -> None:
    provider = a_provider()
    token = minted(aud="other")
    await reason_of(token, provider)
    assert provider.recall(bearer(token), audience="other", now=NOW) is None


async def test_a_recalled_token_expires() -> None:
    provider = a_provider()
    token = minted(exp=NOW + 10)
    await verified(token, provider)
    assert provider.recall(bearer(token), audience=AUDIENCE, now=NOW + 39.9) is not None
    with pytest.raises(TokenRejectedError, match="token-expired"):
        provider.recall(bearer(token), audience=AUDIENCE, now=NOW + 40)
    # A clock that steps back does not bring it back from the cache.
    assert provider.recall(bearer(token), audience=AUDIENCE, now=NOW) is None


async def test_a_recalled_token_is_looked_at_anew_when_the_clock_steps_back() -> None:
    provider = a_provider()
    token = minted(nbf=NOW - 10)
    await verified(token, provider)
    assert provider.recall(bearer(token), audience=AUDIENCE, now=NOW - 120) is None
    assert await reason_of(token, provider, now=NOW - 120) is Reason.TOKEN_NOT_YET_VALID


@pytest.mark.parametrize("audience", [None, "other", "", AUDIENCE.lower()])
async def test_a_recalled_token_is_refused_at_another_service(audience: str | None) -> None:
    provider = a_provider()
    token = minted()
    await verified(token, provider)
    with pytest.raises(TokenRejectedError, match="token-audience-mismatch"):
        provider.recall(bearer(token), audience=audience, now=NOW)


async def test_a_token_for_two_services_is_recalled_at_both() -> None:
    provider = a_provider()
    token = minted(aud=[AUDIENCE, "other"])
    claims = await verified(token, provider)
    assert provider.recall(bearer(token), audience="other", now=NOW) is claims


@pytest.mark.parametrize("token", ["", "\ud800", "é", "x" * 1_000_000, "a.b.c"])
def test_nothing_odd_is_recalled(token: str) -> None:
    assert a_provider().recall(bearer(token), audience=AUDIENCE, now=NOW) is None


class ChangingKeys:
    """A document of keys that a test changes."""

    def __init__(self, document: bytes | None) -> None:
        self.document = document

    async def fetch(self) -> FetchedKeys:
        if self.document is None:
            raise DependencyUnavailableError("identity provider")
        return FetchedKeys(self.document)


def remote(document: ChangingKeys, clock: FrozenClock) -> JwtProvider:
    return a_provider(key_set=RemoteKeySet("keys of bizpro", document, clock=clock))


async def test_a_removed_key_ends_the_tokens_remembered_under_it(clock: FrozenClock) -> None:
    document = ChangingKeys(key_document(signing_key()))
    provider = remote(document, clock)
    token = minted(exp=NOW + 9999)
    await verified(token, provider)
    document.document = key_document(signing_key("ES256", "two"))
    clock.advance(600)
    # The soft lifetime is over: the provider wants to be asked, and the renewal begins.
    assert provider.recall(bearer(token), audience=AUDIENCE, now=clock.wall()) is None
    await verified(token, provider, now=clock.wall())
    for _ in range(5):
        await asyncio.sleep(0)
    assert provider.recall(bearer(token), audience=AUDIENCE, now=clock.wall()) is None
    assert await reason_of(token, provider, now=clock.wall()) is Reason.TOKEN_SIGNATURE_INVALID


async def test_without_any_keys_the_identity_provider_is_unavailable(clock: FrozenClock) -> None:
    provider = remote(ChangingKeys(None), clock)
    with pytest.raises(DependencyUnavailableError, match="keys of bizpro is unavailable"):
        await verified(minted(), provider)


async def test_a_malformed_token_does_not_make_us_fetch_keys(clock: FrozenClock) -> None:
    provider = remote(ChangingKeys(None), clock)
    assert await reason_of("a.b.c", provider) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J12", "J13")
@pytest.mark.parametrize(
    ("iat", "exp", "good"),
    [(-60, 3540, True), (-60, 3541, False), (..., 3540, False), (-4000, 10, False)],
)
async def test_a_token_that_lives_longer_than_it_may_is_refused(
    iat: object, exp: int, good: bool
) -> None:
    provider = a_provider(longest_life=3600.0)
    issued = iat if iat is ... else int(NOW) + int(str(iat))
    token = minted(iat=issued, exp=int(NOW) + exp)
    credential = Credential("bearer", token)
    if good:
        await provider.verify(credential, audience=AUDIENCE, now=NOW)
    else:
        with pytest.raises(TokenRejectedError, match="token-malformed"):
            await provider.verify(credential, audience=AUDIENCE, now=NOW)


@pytest.mark.catalogue("J20")
async def test_ten_thousand_tokens_at_once_each_give_their_own_subject() -> None:
    provider = a_provider()
    names = [f"user-{number}" for number in range(scaled(10_000))]
    tokens = {name: minted(name) for name in names}

    async def subject_of(name: str) -> str | None:
        credential = Credential("bearer", tokens[name])
        found = provider.recall(credential, audience=AUDIENCE, now=NOW)
        if found is None:
            found = await provider.verify(credential, audience=AUDIENCE, now=NOW)
        return found.user_id

    for _ in range(2):
        assert await asyncio.gather(*[subject_of(name) for name in names]) == names
