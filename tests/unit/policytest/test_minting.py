"""A minted token is good, and each fault is exactly one thing wrong, told by the real provider."""

from dataclasses import replace

import pytest

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from deemster.policytest.cases import Fault
from deemster.policytest.minting import asserted_claims
from deemster.policytest.providers import ThrowAwayProvider, throw_away_providers
from tests.unit.policytest.trees import APIGEE, NOW, STAFF

AUDIENCE = "Notes API"


@pytest.fixture(scope="module")
def staff() -> ThrowAwayProvider:
    return throw_away_providers([STAFF])["staff"]


def minted(provider: ThrowAwayProvider, fault: Fault | None, **claims: object) -> Credential:
    assert provider.minter is not None
    token = provider.minter.mint(claims, fault, audience=AUDIENCE, now=NOW)
    return Credential("bearer", token)


async def test_minted_defaults_are_accepted_and_the_authors_claims_win(
    staff: ThrowAwayProvider,
) -> None:
    credential = minted(staff, None, sub="alice", scope="a b", client_id="shop")
    verified = await staff.provider.verify(credential, audience=AUDIENCE, now=NOW)
    assert verified.claims == {
        "iss": "https://staff.invalid",
        "aud": AUDIENCE,
        "client_id": "shop",
        "iat": NOW,
        "exp": NOW + 3600,
        "sub": "alice",
        "scope": "a b",
    }


REFUSED = {
    Fault.EXPIRED: Reason.TOKEN_EXPIRED,
    Fault.NOT_YET_VALID: Reason.TOKEN_NOT_YET_VALID,
    Fault.WRONG_AUDIENCE: Reason.TOKEN_AUDIENCE_MISMATCH,
    Fault.WRONG_ISSUER: Reason.TOKEN_ISSUER_UNKNOWN,
    Fault.WRONG_KEY: Reason.TOKEN_SIGNATURE_INVALID,
    Fault.ALG_NONE: Reason.TOKEN_SIGNATURE_INVALID,
    Fault.TAMPERED: Reason.TOKEN_SIGNATURE_INVALID,
}


@pytest.mark.parametrize("fault", Fault)
async def test_fault_is_what_the_provider_refuses_the_token_for(
    fault: Fault, staff: ThrowAwayProvider
) -> None:
    credential = minted(staff, fault, sub="alice")
    with pytest.raises(TokenRejectedError) as refused:
        await staff.provider.verify(credential, audience=AUDIENCE, now=NOW)
    assert refused.value.reason is REFUSED[fault]


async def test_a_token_of_one_provider_is_not_another_ones() -> None:
    profiles = [replace(STAFF, id=name) for name in ("first", "second")]
    providers = throw_away_providers(profiles)
    credential = minted(providers["first"], None, sub="alice")
    with pytest.raises(TokenRejectedError) as refused:
        await providers["second"].provider.verify(credential, audience=AUDIENCE, now=NOW)
    assert refused.value.reason is Reason.TOKEN_SIGNATURE_INVALID


def test_asserted_claims_are_as_written_but_for_the_fault() -> None:
    written = {"client_id": "partner-a", "exp": 5}
    assert asserted_claims(written, None, audience=None, now=NOW) == written
    assert asserted_claims(written, Fault.EXPIRED, audience=None, now=NOW) == {
        "client_id": "partner-a",
        "iat": NOW - 7200,
        "exp": NOW - 3600,
    }


def test_apigee_mode_has_nothing_to_mint() -> None:
    provider = throw_away_providers([APIGEE])["apigee"]
    assert provider.minter is None
    assert not provider.provider.verifies_credentials


def test_an_asserting_provider_reads_scopes_where_its_settings_say() -> None:
    profile = replace(APIGEE, scope_claim="entitlements")
    provider = throw_away_providers([profile])["apigee"].provider
    accepted = provider.accept({"entitlements": "orders.read"}, audience=None, now=0.0)
    assert accepted.scopes == frozenset({"orders.read"})
