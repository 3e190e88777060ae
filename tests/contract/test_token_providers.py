"""What every token provider promises, whatever the token (tokens/provider.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from deemster.tokens.base64url import encode_base64url
from deemster.tokens.development_key import DevelopmentKey
from deemster.tokens.plugin_provider import PluginTokenProvider
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.tokens.trusted_claims import AssertedClaimsProvider
from tests.support.clock import FROZEN_AT as NOW
from tests.support.introspection import OPAQUE, InProcess, active, an_introspecting_provider
from tests.support.keys import (
    AUDIENCE,
    ISSUER,
    a_provider,
    claims_of,
    minted,
    raw_token,
    signing_key,
)

DEVELOPMENT_KEY = DevelopmentKey.generate()


class NothingIsGenuine:
    """A plug-in that was never given a token of its own."""

    async def read(self, token: str, *, now: float) -> Mapping[str, object]:
        raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID)

    async def close(self) -> None:
        """Nothing is open."""


MAKERS: dict[str, Callable[[], TokenProvider]] = {
    "internal, ES256": a_provider,
    "internal, RS256": lambda: a_provider(signing_key("RS256")),
    "internal, any type": lambda: a_provider(token_type=TokenType.ANY),
    "internal, development key": lambda: a_provider(key_set=DEVELOPMENT_KEY.key_set()),
    "external, verified": lambda: a_provider(id="partners", kind=ProviderKind.EXTERNAL),
    "internal, introspected": an_introspecting_provider,
    "external, introspected": lambda: an_introspecting_provider(
        id="partners", kind=ProviderKind.EXTERNAL
    ),
    "internal, plug-in": lambda: PluginTokenProvider(
        id="tools", kind=ProviderKind.INTERNAL, issuer=ISSUER, reader=NothingIsGenuine()
    ),
    "external, asserted": lambda: AssertedClaimsProvider(id="apigee"),
}
GOOD = {
    "internal, ES256": minted(),
    "internal, RS256": minted(key=signing_key("RS256")),
    "internal, any type": minted(typ="JWT"),
    "internal, development key": DEVELOPMENT_KEY.mint(claims_of()),
    "external, verified": minted(),
    "internal, introspected": OPAQUE,
    "external, introspected": OPAQUE,
}


@pytest.fixture(params=MAKERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def provider(name: str) -> TokenProvider:
    return MAKERS[name]()


async def outcome(provider: TokenProvider, token: str) -> TokenRejectedError | None:
    """How a token is refused; None where it is accepted. Any other exception fails the test.

    What is verified at hand, and not awaited, comes to the same.
    """
    credential = Credential("bearer", token)
    at_hand = _at_hand(provider, credential)
    awaited = await _awaited(provider, credential)
    assert at_hand in (NOBODY_ASKED, awaited and awaited.reason)
    return awaited


NOBODY_ASKED = "somebody has to be asked"


def _at_hand(provider: TokenProvider, credential: Credential) -> Reason | str | None:
    try:
        found = provider.verify_at_hand(credential, audience=AUDIENCE, now=NOW)
    except TokenRejectedError as refused:
        return refused.reason
    return NOBODY_ASKED if found is None else None


async def _awaited(provider: TokenProvider, credential: Credential) -> TokenRejectedError | None:
    try:
        await provider.verify(credential, audience=AUDIENCE, now=NOW)
    except TokenRejectedError as refused:
        return refused
    return None


@pytest.mark.parametrize("name", list(GOOD))
async def test_a_good_token_is_accepted_and_then_recalled(name: str) -> None:
    provider = MAKERS[name]()
    credential = Credential("bearer", GOOD[name])
    claims = await provider.verify(credential, audience=AUDIENCE, now=NOW)
    assert claims.provider == provider.id
    assert not claims.asserted
    assert provider.recall(credential, audience=AUDIENCE, now=NOW) is claims


@pytest.mark.parametrize("name", list(GOOD))
def test_keys_that_are_here_are_not_waited_for(name: str) -> None:
    provider = MAKERS[name]()
    credential = Credential("bearer", GOOD[name])
    claims = provider.verify_at_hand(credential, audience=AUDIENCE, now=NOW)
    assert (claims is None) is name.endswith("introspected")
    assert provider.recall(credential, audience=AUDIENCE, now=NOW) is claims


def test_each_says_whether_it_verifies(provider: TokenProvider, name: str) -> None:
    assert provider.verifies_credentials is (name != "external, asserted")
    assert (provider.kind is ProviderKind.INTERNAL) is name.startswith("internal")
    assert 0 <= provider.skew <= 60


@given(st.text(max_size=200))
@example("")
@example("\ud800.\0.é")
@example("..")
@example("x" * 1_000_000)
async def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    for make in MAKERS.values():
        assert await outcome(make(), text) is not None


@given(header=st.binary(max_size=60), payload=st.binary(max_size=60), signature=st.binary())
async def test_any_octets_in_three_segments_are_refused(
    header: bytes, payload: bytes, signature: bytes
) -> None:
    token = ".".join(encode_base64url(part) for part in (header, payload, signature))
    for make in MAKERS.values():
        assert await outcome(make(), token) is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
registered = st.sampled_from(
    ["iss", "sub", "aud", "exp", "nbf", "iat", "scope", "client_id", "azp", "auth_time", "acr"]
)


@given(changes=st.dictionaries(registered, json_values, max_size=3))
async def test_any_claims_truly_signed_are_accepted_or_refused(
    changes: dict[str, object],
) -> None:
    token = raw_token(payload={**claims_of(), **changes})
    await outcome(a_provider(), token)


@given(changes=st.dictionaries(registered | st.sampled_from(["cnf", "active"]), json_values))
async def test_any_answer_about_a_token_accepts_or_refuses_it(changes: dict[str, object]) -> None:
    site = InProcess({OPAQUE: {**active(), **changes}})
    refused: Exception | None
    try:
        refused = await outcome(an_introspecting_provider(site), OPAQUE)
    except DependencyUnavailableError as no_answer:
        # What is no JSON, e.g. NaN, is no answer.
        refused = no_answer
    if changes.get("active", True) is not True:
        assert refused is not None


@given(changes=st.dictionaries(registered | st.text(max_size=5), json_values, max_size=4))
def test_any_assertion_is_accepted_or_refused(changes: dict[str, object]) -> None:
    for make in MAKERS.values():
        try:
            claims = make().accept(changes, audience=AUDIENCE, now=NOW)
        except TokenRejectedError:
            continue
        assert claims.asserted


@given(data=st.data())
async def test_no_changed_character_leaves_a_token_acceptable(data: st.DataObject) -> None:
    token = GOOD["internal, ES256"]
    place = data.draw(st.integers(0, len(token) - 1))
    new = data.draw(st.characters(codec="ascii").filter(lambda char: char != token[place]))
    assert await outcome(a_provider(), token[:place] + new + token[place + 1 :]) is not None


@given(data=st.data())
async def test_no_shortened_or_lengthened_token_is_acceptable(data: st.DataObject) -> None:
    token = GOOD["internal, RS256"]
    place = data.draw(st.integers(0, len(token) - 1))
    piece = data.draw(st.text(alphabet="Aa0-_.= \n", min_size=1, max_size=3))
    provider = MAKERS["internal, RS256"]
    assert await outcome(provider(), token[:place] + piece + token[place:]) is not None
    assert await outcome(provider(), token[:place] + token[place + 1 :]) is not None


def test_no_token_shows_in_the_representation_of_what_is_kept() -> None:
    token = minted()
    assert token not in repr(Credential("bearer", token))
