"""One provider of several issuers: the issuer's own keys decide, whatever the key ids are."""

from __future__ import annotations

import asyncio

import pytest

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from deemster.tokens.jose import SigningKey
from deemster.tokens.provider import ProviderKind
from deemster.tokens.several_issuers import SeveralIssuers, claimed_issuer
from tests.support.clock import FROZEN_AT as NOW
from tests.support.keys import AUDIENCE, a_provider, key_set_of, minted, signing_key

ONE, TWO = "https://one.example.com", "https://two.example.com"
FIRST = signing_key(name="first")
SECOND = SigningKey({**signing_key(name="second").private_jwk, "kid": FIRST.key_id})


def a_pair() -> SeveralIssuers:
    return SeveralIssuers(
        {
            issuer: a_provider(
                kind=ProviderKind.EXTERNAL, issuer=issuer, key_set=key_set_of(key), skew=10.0
            )
            for issuer, key in ((ONE, FIRST), (TWO, SECOND))
        }
    )


async def reason_of(token: str, provider: SeveralIssuers) -> Reason | None:
    credential = Credential("bearer", token)
    try:
        if provider.recall(credential, audience=AUDIENCE, now=NOW) is None:
            await provider.verify(credential, audience=AUDIENCE, now=NOW)
    except TokenRejectedError as refused:
        return refused.reason
    return None


def reason_at_hand(token: str, provider: SeveralIssuers) -> Reason | None:
    try:
        found = provider.verify_at_hand(Credential("bearer", token), audience=AUDIENCE, now=NOW)
    except TokenRejectedError as refused:
        return refused.reason
    assert found is not None
    return None


@pytest.mark.catalogue("J7", "J8")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_equal_key_ids_at_two_issuers_never_cross(order: tuple[int, int]) -> None:
    provider = a_pair()
    good: list[tuple[str, Reason | None]] = [
        (minted(iss=ONE, key=FIRST), None),
        (minted(iss=TWO, key=SECOND), None),
    ]
    crossed: list[tuple[str, Reason | None]] = [
        (minted(iss=ONE, key=SECOND), Reason.TOKEN_SIGNATURE_INVALID),
        (minted(iss=TWO, key=FIRST), Reason.TOKEN_SIGNATURE_INVALID),
    ]
    for which in order:
        for token, wanted in (good, crossed)[which] * 2:
            assert await reason_of(token, provider) is wanted
            assert reason_at_hand(token, provider) is wanted


@pytest.mark.catalogue("J7")
async def test_they_do_not_cross_at_the_same_time_either() -> None:
    provider = a_pair()
    crossed = [minted(iss=ONE, key=SECOND, jti=str(n)) for n in range(50)]
    good = [minted(iss=TWO, key=SECOND, jti=str(n)) for n in range(50)]
    found = await asyncio.gather(*[reason_of(token, provider) for token in (*crossed, *good)])
    assert found == [Reason.TOKEN_SIGNATURE_INVALID] * 50 + [None] * 50


@pytest.mark.catalogue("J8", "K4")
@pytest.mark.parametrize("iss", ["https://three.example.com", ONE + "/", ONE.upper(), ""])
async def test_an_issuer_that_is_not_listed_is_unknown(iss: str) -> None:
    assert await reason_of(minted(iss=iss, key=FIRST), a_pair()) is Reason.TOKEN_ISSUER_UNKNOWN


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "a.é.c", "a." + "A" * 20_000 + ".c"])
def test_what_is_no_token_names_no_issuer(token: str) -> None:
    with pytest.raises(TokenRejectedError, match="token-malformed"):
        claimed_issuer(token)


async def test_asserted_claims_are_held_against_the_issuer_they_name() -> None:
    provider = a_pair()
    claims = {"iss": TWO, "sub": "alice", "aud": AUDIENCE, "exp": int(NOW) + 60}
    assert provider.accept(claims, audience=AUDIENCE, now=NOW).asserted
    with pytest.raises(TokenRejectedError, match="token-issuer-unknown"):
        provider.accept({**claims, "iss": "https://three"}, audience=AUDIENCE, now=NOW)
