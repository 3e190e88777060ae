"""Whose access token is this: one gateway's, or nobody's."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.errors import DependencyUnavailableError, GatewayUnauthenticatedError
from deemster.model.certificate import PeerCertificate
from deemster.model.gateway import GatewayCaller
from deemster.model.identity import Credential, VerifiedClaims
from deemster.tokens.gateway_tokens import GatewayToken, GatewayTokens
from deemster.tokens.provider import TokenProvider
from tests.support.clock import FrozenClock
from tests.support.gateway_calls import a_gateway
from tests.support.keys import AUDIENCE, ISSUER, a_provider, minted
from tests.support.points import FakeProvider

PEER = PeerCertificate(thumbprint="t" * 43, spki=None, names=frozenset(), valid_until=float("inf"))


def a_kind(gateway: str = "pep", **changes: object) -> GatewayToken:
    members = {
        "id": f"{gateway}-token",
        "gateway": a_gateway(id=gateway),
        "provider": a_provider(),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "client_id": "webshop",
        "subject": None,
        "scope": None,
    }
    return GatewayToken(**{**members, **changes})  # type: ignore[arg-type]


def some_tokens(*kinds: GatewayToken, seconds: float = 5.0) -> GatewayTokens:
    return GatewayTokens(kinds or [a_kind()], clock=FrozenClock(), seconds=seconds)


async def refusal(tokens: GatewayTokens, token: str, peer: PeerCertificate | None = None) -> str:
    with pytest.raises(GatewayUnauthenticatedError) as refused:
        await tokens.holder_of(token, peer)
    assert refused.value.message == "the gateway is not authenticated"
    return refused.value.detail


async def test_everything_that_is_set_must_be_so() -> None:
    tokens = some_tokens(a_kind(subject="alice", scope="invoices.pay"))
    found = await tokens.holder_of(minted(), None)
    assert isinstance(found, GatewayCaller)
    assert (found.gateway.id, found.secret_id) == ("pep", "pep-token")
    for other in (minted(client_id="x"), minted("bob"), minted(scope="invoices.read")):
        assert await refusal(tokens, other) == "an access token of nobody"


async def test_a_token_of_two_gateways_is_of_neither() -> None:
    tokens = some_tokens(a_kind(), a_kind("other", client_id=None, subject="alice"))
    assert await refusal(tokens, minted()) == "an access token of two gateways"
    assert (await tokens.holder_of(minted("bob"), None)).gateway.id == "pep"


@pytest.mark.parametrize(
    "cnf",
    [
        {"x5t#S256": "u" * 43},
        {"x5t#S256": None},
        {"x5t#S256": ["t" * 43]},
        {"x5t#S256": "é"},
        {"x5t#S256": "t" * 43, "jkt": "x"},
        {"jkt": "x"},
        {},
        [],
        None,
        "x",
    ],
)
async def test_a_token_bound_to_what_is_not_proven_is_refused(cnf: object) -> None:
    detail = await refusal(some_tokens(), minted(cnf=cnf), PEER)
    assert detail.startswith("binding-failed")


async def test_a_token_bound_to_the_certificate_shown_is_good() -> None:
    token = minted(cnf={"x5t#S256": PEER.thumbprint})
    assert (await some_tokens().holder_of(token, PEER)).gateway.id == "pep"
    await refusal(some_tokens(), token)


class Provider(FakeProvider):
    """Answers as told."""

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        self.asked.append(credential.secret)
        if self.id == "hangs":
            await asyncio.Event().wait()
        raise DependencyUnavailableError(f"keys of `{self.id}`")


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        (Provider(id="down"), "keys of `down` is unavailable"),
        (Provider(id="hangs"), "the keys for an access token did not arrive in time"),
    ],
    ids=["down", "hangs"],
)
async def test_what_cannot_be_verified_now_proves_nobody(
    provider: TokenProvider, said: str
) -> None:
    assert await refusal(some_tokens(a_kind(provider=provider), seconds=0.05), minted()) == said


async def test_nobody_is_asked_about_a_token_of_another_issuer() -> None:
    """A stranger's token makes nobody fetch keys, and an outage of one provider is its own."""
    down = Provider(id="down")
    tokens = some_tokens(a_kind(provider=down, issuer="https://other.example.com"), a_kind("good"))
    assert (await tokens.holder_of(minted(), None)).gateway.id == "good"
    assert down.asked == []


@given(
    st.text(max_size=300)
    | st.lists(st.text("abcXYZ012-_=.", max_size=20), max_size=5).map(".".join)
)
def test_no_other_text_proves_anybody_or_raises_anything_else(text: str) -> None:
    asyncio.run(refusal(some_tokens(), text))
