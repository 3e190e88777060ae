"""Opaque tokens: what is asked, what of the answer is believed, and for how long."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Confirmation, Credential, VerifiedClaims
from deemster.tokens.client_authentication import MutualTls
from deemster.tokens.introspection import IntrospectingProvider
from deemster.tokens.introspection_cache import IntrospectionCache
from deemster.tokens.introspection_counters import IntrospectionCounters, IntrospectionOutcome
from deemster.tokens.introspection_sharing import SharedAnswers
from deemster.tokens.provider import ProviderKind
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.introspection import (
    OPAQUE,
    InProcess,
    active,
    an_endpoint,
    an_introspecting_provider,
)
from tests.support.keys import AUDIENCE, ISSUER, minted

OPAQUE_CREDENTIAL = Credential("bearer", OPAQUE)
THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


async def presented(
    provider: IntrospectingProvider,
    clock: FrozenClock,
    token: str = OPAQUE,
    audience: str | None = AUDIENCE,
) -> VerifiedClaims:
    """As the decision point asks: what is at hand first."""
    credential, now = Credential("bearer", token), clock.wall()
    found = provider.recall(credential, audience=audience, now=now)
    return found or await provider.verify(credential, audience=audience, now=now)


async def refusal(
    members: dict[str, object], *, audience: str | None = AUDIENCE, **settings: object
) -> Reason:
    """Why a token is refused of which the endpoint says `members`."""
    clock = FrozenClock()
    provider = an_introspecting_provider(InProcess({OPAQUE: members}), clock=clock, **settings)
    with pytest.raises(TokenRejectedError) as refused:
        await presented(provider, clock, audience=audience)
    return refused.value.reason


def changed(**changes: object) -> dict[str, object]:
    """A good answer but for that; `...` leaves a member out."""
    members = {**active(), **changes}
    return {name: value for name, value in members.items() if value is not ...}


# --- what is asked ------------------------------------------------------------------------------


@pytest.mark.catalogue("I4")
async def test_the_token_stands_in_the_body_of_a_post_and_nowhere_else() -> None:
    site, clock = InProcess(), FrozenClock()
    await presented(an_introspecting_provider(site, clock=clock), clock)
    (question,) = site.asked
    assert (question.method, question.target) == ("POST", "/introspect")
    assert question.headers["content-type"] == "application/x-www-form-urlencoded"
    assert question.headers["accept"] == "application/json"
    assert question.form == {"token": OPAQUE, "token_type_hint": "access_token"}
    assert OPAQUE not in str(question.headers)


async def test_every_character_of_a_token_arrives_as_it_is() -> None:
    token = "a-b._~+/c=="
    site, clock = InProcess({"a-b._~+/c==": active()}), FrozenClock()
    await presented(an_introspecting_provider(site, clock=clock), clock, token)
    assert site.asked[0].form["token"] == token


@pytest.mark.catalogue("I3")
async def test_a_token_that_looks_like_a_jwt_is_asked_about_as_well() -> None:
    token = minted()
    site, clock = InProcess(), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    with pytest.raises(TokenRejectedError) as refused:
        await presented(provider, clock, token)
    assert refused.value.reason is Reason.TOKEN_INACTIVE
    assert [question.form["token"] for question in site.asked] == [token]


@pytest.mark.parametrize("token", ["", "a b", "a\tb", "tökén", 'a"b', "x" * 16_385, "a\0b"])
async def test_a_malformed_token_is_refused_and_not_asked_about(token: str) -> None:
    site, clock = InProcess(), FrozenClock()
    with pytest.raises(TokenRejectedError) as refused:
        await presented(an_introspecting_provider(site, clock=clock), clock, token)
    assert refused.value.reason is Reason.TOKEN_MALFORMED
    assert site.asked == []


async def test_a_client_that_proves_itself_by_its_certificate_names_itself() -> None:
    site, clock = InProcess(), FrozenClock()
    endpoint = an_endpoint(site, clock=clock, authentication=MutualTls("deemster"))
    await presented(an_introspecting_provider(site, clock=clock, endpoint=endpoint), clock)
    assert site.asked[0].form["client_id"] == "deemster"
    assert "authorization" not in site.asked[0].headers


# --- what of the answer is believed -------------------------------------------------------------


async def test_claims_are_those_of_the_answer() -> None:
    clock = FrozenClock()
    answer = active(permissions=["pay"], iss=...)
    provider = an_introspecting_provider(
        InProcess({OPAQUE: answer}), clock=clock, permissions_claim="permissions"
    )
    claims = await presented(provider, clock)
    assert (claims.provider, claims.user_id, claims.client_id) == ("bizpro", "alice", "webshop")
    assert claims.scopes == {"invoices.read", "invoices.pay"}
    assert claims.permissions == frozenset({"pay"})
    assert claims.expires_at == FROZEN_AT + 3600
    assert not claims.asserted
    # An answer without `iss` is about the configured issuer's token.
    assert claims.claims["iss"] == ISSUER


async def test_the_user_claim_may_be_the_username() -> None:
    clock = FrozenClock()
    provider = an_introspecting_provider(clock=clock, user_claim="username")
    assert (await presented(provider, clock)).user_id == "Alice"


async def test_an_external_provider_has_no_users_here() -> None:
    clock = FrozenClock()
    provider = an_introspecting_provider(clock=clock, kind=ProviderKind.EXTERNAL)
    assert (await presented(provider, clock)).user_id is None


@pytest.mark.parametrize("subject", [None, "webshop"])
async def test_a_token_without_another_subject_than_the_client_is_the_clients(
    subject: str | None,
) -> None:
    clock = FrozenClock()
    provider = an_introspecting_provider(InProcess({OPAQUE: active(subject)}), clock=clock)
    assert (await presented(provider, clock)).user_id is None


@pytest.mark.catalogue("I2")
@pytest.mark.parametrize("value", [False, "true", "True", 1, 1.0, None, [True], {"a": True}, ...])
async def test_only_json_true_is_active(value: object) -> None:
    assert await refusal(active(active=value)) is Reason.TOKEN_INACTIVE


@pytest.mark.catalogue("I2")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://other.example.com"}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": ISSUER + "/"}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": 1}, Reason.TOKEN_MALFORMED),
        ({"aud": "Other API"}, Reason.TOKEN_AUDIENCE_MISMATCH),
        ({"aud": ["Other API", "Another"]}, Reason.TOKEN_AUDIENCE_MISMATCH),
        ({"aud": ...}, Reason.TOKEN_AUDIENCE_MISMATCH),
        ({"aud": []}, Reason.TOKEN_AUDIENCE_MISMATCH),
        ({"aud": [1]}, Reason.TOKEN_MALFORMED),
        ({"exp": FROZEN_AT - 30}, Reason.TOKEN_EXPIRED),
        ({"exp": str(FROZEN_AT + 60)}, Reason.TOKEN_MALFORMED),
        ({"exp": True}, Reason.TOKEN_MALFORMED),
        ({"nbf": FROZEN_AT + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": FROZEN_AT + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"client_id": 4}, Reason.TOKEN_MALFORMED),
        ({"scope": 4}, Reason.TOKEN_MALFORMED),
        ({"sub": ""}, Reason.TOKEN_MALFORMED),
        ({"token_type": "refresh_token"}, Reason.TOKEN_TYPE_REJECTED),
        ({"token_type": "N_A"}, Reason.TOKEN_TYPE_REJECTED),
        ({"token_type": ["Bearer"]}, Reason.TOKEN_MALFORMED),
        ({"token_type": "DPoP"}, Reason.BINDING_FAILED),
        ({"cnf": {"kid": "1"}}, Reason.BINDING_FAILED),
        ({"cnf": {}}, Reason.BINDING_FAILED),
        ({"cnf": None}, Reason.BINDING_FAILED),
        ({"cnf": {"jkt": "short"}}, Reason.BINDING_FAILED),
    ],
)
async def test_an_active_token_is_looked_at_all_the_same(
    changes: dict[str, object], reason: Reason
) -> None:
    assert await refusal(changed(**changes)) is reason


@pytest.mark.catalogue("I2")
@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER", ...])
async def test_a_bearer_token_may_say_so(token_type: object) -> None:
    clock = FrozenClock()
    site = InProcess({OPAQUE: active(token_type=token_type)})
    await presented(an_introspecting_provider(site, clock=clock), clock)


async def test_whom_a_token_is_bound_to_is_told() -> None:
    clock = FrozenClock()
    site = InProcess({OPAQUE: active(token_type="DPoP", cnf={"jkt": THUMBPRINT})})
    found = await presented(an_introspecting_provider(site, clock=clock), clock)
    assert found.confirmation == Confirmation(key_thumbprint=THUMBPRINT)
    await presented(an_introspecting_provider(site, clock=clock), clock)


async def test_an_endpoint_that_is_bound_to_the_audience_may_leave_it_out() -> None:
    clock = FrozenClock()
    site = InProcess({OPAQUE: active(aud=...)})
    provider = an_introspecting_provider(site, clock=clock, audience_by_endpoint=True)
    await presented(provider, clock)
    await presented(provider, clock)


async def test_an_audience_that_is_said_must_be_right_even_then() -> None:
    reason = await refusal(active(aud="Other API"), audience_by_endpoint=True)
    assert reason is Reason.TOKEN_AUDIENCE_MISMATCH


async def test_a_token_without_end_is_good_while_the_endpoint_says_so() -> None:
    clock = FrozenClock()
    site = InProcess({OPAQUE: active(exp=...)})
    provider = an_introspecting_provider(site, clock=clock)
    assert (await presented(provider, clock)).expires_at is None
    clock.advance(30)
    await presented(provider, clock)
    assert len(site.asked) == 2


# --- no answer ----------------------------------------------------------------------------------


def with_media_type(media_type: str, content: bytes = b'{"active": true}') -> httpx.Response:
    return httpx.Response(200, headers={"content-type": media_type}, content=content)


@pytest.mark.catalogue("I2", "I3")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(500), "status 500"),
        (httpx.Response(401), "refuses our credentials"),
        (httpx.Response(403), "refuses our credentials"),
        (httpx.Response(400), "status 400"),
        (httpx.Response(204), "status 204"),
        (httpx.Response(302, headers={"location": "https://evil.example.com"}), "status 302"),
        (with_media_type("text/html"), "no JSON by its media type"),
        (with_media_type(""), "no JSON by its media type"),
        (with_media_type("application/token-introspection+jwt"), "RFC 9701"),
        (with_media_type("application/json", b""), "no strict JSON"),
        (with_media_type("application/json", b"true"), "no object"),
        (with_media_type("application/json", b'[{"active": true}]'), "no object"),
        (with_media_type("application/json", b'{"active": false, "active": true}'), "strict JSON"),
        (with_media_type("application/json", b'{"active": true, "x": NaN}'), "no strict JSON"),
        (with_media_type("application/json", b'{"a": "' + b"x" * 65_536 + b'"}'), "more than"),
        (httpx.ConnectError("no"), "cannot be connected to"),
        (httpx.ReadTimeout("no"), "ReadTimeout"),
        (ValueError("a fault of ours"), "ValueError"),
    ],
)
async def test_what_is_no_answer_accepts_nothing_and_says_why(
    answer: httpx.Response | Exception, told: str
) -> None:
    site, clock = InProcess(), FrozenClock()
    site.answer = answer
    provider = an_introspecting_provider(site, clock=clock)
    with pytest.raises(DependencyUnavailableError) as failed:
        await presented(provider, clock)
    assert told in failed.value.detail
    assert OPAQUE not in failed.value.detail + failed.value.message
    # Nothing is kept of it: the next one is asked again.
    site.answer = None
    await presented(provider, clock)


@pytest.mark.catalogue("I3")
async def test_a_real_jwt_is_not_read_instead_while_there_is_no_answer() -> None:
    site, clock = InProcess(), FrozenClock()
    site.answer = httpx.Response(503)
    with pytest.raises(DependencyUnavailableError):
        await presented(an_introspecting_provider(site, clock=clock), clock, minted())


@pytest.mark.catalogue("I3")
async def test_an_endpoint_that_hangs_is_given_up_in_time() -> None:
    site, clock = InProcess(), FrozenClock()
    site.gate = asyncio.Event()
    endpoint = an_endpoint(site, clock=clock, timeout=0.01)
    with pytest.raises(DependencyUnavailableError) as failed:
        await presented(an_introspecting_provider(site, clock=clock, endpoint=endpoint), clock)
    assert failed.value.detail == "did not answer in time"


@pytest.mark.catalogue("I3")
async def test_an_endpoint_that_is_down_is_left_alone_for_a_while() -> None:
    site, clock, counters = InProcess(), FrozenClock(), IntrospectionCounters()
    provider = an_introspecting_provider(site, clock=clock, counters=counters)
    site.answer = httpx.Response(503)
    for number in range(8):
        with pytest.raises(DependencyUnavailableError):
            await presented(provider, clock, f"token-{number}")
    assert len(site.asked) == 5
    assert counters.counts == {
        ("bizpro", IntrospectionOutcome.FAILED): 5,
        ("bizpro", IntrospectionOutcome.HELD_BACK): 3,
    }
    assert counters.open_circuits == {"bizpro"}
    site.answer = None
    clock.advance(10)
    await presented(provider, clock)
    assert counters.open_circuits == set()
    assert counters.counts["bizpro", IntrospectionOutcome.ACTIVE] == 1


@pytest.mark.catalogue("I3")
async def test_credentials_that_are_refused_do_not_open_the_circuit() -> None:
    site, clock = InProcess(), FrozenClock()
    site.answer = httpx.Response(401)
    provider = an_introspecting_provider(site, clock=clock)
    for _ in range(8):
        with pytest.raises(DependencyUnavailableError):
            await presented(provider, clock)
    assert len(site.asked) == 8


@pytest.mark.catalogue("I3")
async def test_no_more_questions_wait_than_there_is_room_for() -> None:
    site, clock = InProcess(), FrozenClock()
    site.gate = asyncio.Event()
    endpoint = an_endpoint(site, clock=clock, concurrency=2, most_waiting=5)
    provider = an_introspecting_provider(site, clock=clock, endpoint=endpoint)
    asking = [
        asyncio.create_task(presented(provider, clock, f"token-{number}")) for number in range(5)
    ]
    await asyncio.sleep(0.01)
    assert len(site.asked) == 2
    with pytest.raises(DependencyUnavailableError) as failed:
        await presented(provider, clock, "one-too-many")
    assert failed.value.detail == "is asked too much"
    site.gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(answer, TokenRejectedError) for answer in answers)
    assert len(site.asked) == 5


# --- for how long -------------------------------------------------------------------------------


@pytest.mark.catalogue("I1")
async def test_a_revoked_token_is_permitted_for_thirty_seconds_more_at_most() -> None:
    site, clock = InProcess(), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    await presented(provider, clock)
    del site.answers[OPAQUE]
    clock.advance(29.9)
    await presented(provider, clock)
    clock.advance(0.1)
    with pytest.raises(TokenRejectedError) as refused:
        await presented(provider, clock)
    assert refused.value.reason is Reason.TOKEN_INACTIVE
    assert len(site.asked) == 2


@pytest.mark.catalogue("I1")
async def test_an_answer_is_not_kept_beyond_the_tokens_own_end() -> None:
    site, clock = InProcess({OPAQUE: active(exp=FROZEN_AT + 5)}), FrozenClock()
    cache = IntrospectionCache(clock, positive=60)
    provider = an_introspecting_provider(site, clock=clock, cache=cache)
    await presented(provider, clock)
    del site.answers[OPAQUE]
    clock.advance(5)
    with pytest.raises(TokenRejectedError) as refused:
        await presented(provider, clock)
    assert refused.value.reason is Reason.TOKEN_INACTIVE


@pytest.mark.catalogue("I1")
async def test_an_endpoint_that_goes_on_saying_active_does_not_prolong_a_token() -> None:
    site, clock = InProcess({OPAQUE: active(exp=FROZEN_AT + 5)}), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    await presented(provider, clock)
    clock.advance(5 + 30)
    with pytest.raises(TokenRejectedError) as refused:
        await presented(provider, clock)
    assert refused.value.reason is Reason.TOKEN_EXPIRED


@pytest.mark.catalogue("I1")
async def test_a_wall_clock_that_leaps_over_the_end_expires_what_is_kept() -> None:
    site, clock = InProcess({OPAQUE: active(exp=FROZEN_AT + 5)}), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    await presented(provider, clock)
    clock.set_wall(FROZEN_AT + 100)
    with pytest.raises(TokenRejectedError) as refused:
        provider.recall(OPAQUE_CREDENTIAL, audience=AUDIENCE, now=clock.wall())
    assert refused.value.reason is Reason.TOKEN_EXPIRED


@pytest.mark.catalogue("I1")
async def test_a_wall_clock_that_steps_back_keeps_nothing_alive() -> None:
    site, clock = InProcess(), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    await presented(provider, clock)
    clock.advance(30)
    clock.set_wall(FROZEN_AT)
    assert provider.recall(OPAQUE_CREDENTIAL, audience=AUDIENCE, now=clock.wall()) is None


async def test_the_audience_is_looked_at_on_every_hit() -> None:
    site, clock = InProcess(), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    await presented(provider, clock)
    for _ in range(2):
        with pytest.raises(TokenRejectedError) as refused:
            await presented(provider, clock, audience="Other API")
        assert refused.value.reason is Reason.TOKEN_AUDIENCE_MISMATCH
    await presented(provider, clock)
    assert len(site.asked) == 1


async def test_a_token_that_was_seen_is_recalled_without_a_question() -> None:
    site, clock = InProcess(), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    first = await presented(provider, clock)
    assert provider.recall(OPAQUE_CREDENTIAL, audience=AUDIENCE, now=clock.wall()) is first
    assert len(site.asked) == 1


async def test_an_inactive_token_is_not_asked_about_again_for_five_seconds() -> None:
    site, clock = InProcess(), FrozenClock()
    provider = an_introspecting_provider(site, clock=clock)
    for _ in range(3):
        with pytest.raises(TokenRejectedError):
            await presented(provider, clock, "unknown")
    assert len(site.asked) == 1
    site.answers["unknown"] = active()
    clock.advance(4.9)
    with pytest.raises(TokenRejectedError):
        await presented(provider, clock, "unknown")
    clock.advance(0.1)
    await presented(provider, clock, "unknown")


async def test_made_up_tokens_do_not_evict_good_ones() -> None:
    site, clock = InProcess(), FrozenClock()
    cache = IntrospectionCache(clock, most_active=10, most_refused=10)
    provider = an_introspecting_provider(site, clock=clock, cache=cache)
    await presented(provider, clock)
    for number in range(100):
        with pytest.raises(TokenRejectedError):
            await presented(provider, clock, f"made-up-{number}")
    assert provider.recall(OPAQUE_CREDENTIAL, audience=AUDIENCE, now=clock.wall()) is not None


async def test_a_cache_of_zero_seconds_asks_every_time() -> None:
    site, clock = InProcess(), FrozenClock()
    cache = IntrospectionCache(clock, positive=0, negative=0)
    provider = an_introspecting_provider(site, clock=clock, cache=cache)
    for _ in range(3):
        await presented(provider, clock)
    assert len(site.asked) == 3


# --- several at a time --------------------------------------------------------------------------


async def test_those_who_wait_for_one_token_ask_once() -> None:
    site, clock = InProcess(), FrozenClock()
    site.gate = asyncio.Event()
    provider = an_introspecting_provider(site, clock=clock)
    waiting = [asyncio.create_task(presented(provider, clock)) for _ in range(20)]
    await asyncio.sleep(0)
    site.gate.set()
    assert len({id(found) for found in await asyncio.gather(*waiting)}) == 1
    assert len(site.asked) == 1


async def test_each_who_waited_gets_an_error_of_its_own() -> None:
    site, clock = InProcess(), FrozenClock()
    site.gate = asyncio.Event()
    provider = an_introspecting_provider(site, clock=clock)
    waiting = [asyncio.create_task(presented(provider, clock, "unknown")) for _ in range(5)]
    await asyncio.sleep(0)
    site.gate.set()
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert len({id(error) for error in errors}) == 5
    assert len(site.asked) == 1


async def test_one_who_gives_up_does_not_end_the_question_of_the_others() -> None:
    site, clock = InProcess(), FrozenClock()
    site.gate = asyncio.Event()
    provider = an_introspecting_provider(site, clock=clock)
    hasty = asyncio.create_task(presented(provider, clock))
    patient = asyncio.create_task(presented(provider, clock))
    await asyncio.sleep(0.01)
    hasty.cancel()
    await asyncio.wait([hasty])
    site.gate.set()
    await patient
    assert len(site.asked) == 1


@pytest.mark.catalogue("I6")
async def test_two_hundred_users_at_a_time_get_their_own_answers_and_errors() -> None:
    names = [f"user-{number}" for number in range(200)]
    answers = {
        f"token-{name}": active(name) if number % 3 else active(name, iss=f"https://{name}.invalid")
        for number, name in enumerate(names)
    }
    site, clock = InProcess(answers), FrozenClock()
    endpoint = an_endpoint(site, clock=clock, most_waiting=200)
    provider = an_introspecting_provider(site, clock=clock, endpoint=endpoint)

    async def ask(number: int, name: str) -> None:
        if number % 3:
            assert (await presented(provider, clock, f"token-{name}")).user_id == name
            return
        with pytest.raises(TokenRejectedError) as refused:
            await presented(provider, clock, f"token-{name}")
        assert refused.value.reason is Reason.TOKEN_ISSUER_UNKNOWN

    for _ in range(2):
        await asyncio.gather(*[ask(number, name) for number, name in enumerate(names)])


async def test_closing_ends_what_is_being_asked() -> None:
    site, clock = InProcess(), FrozenClock()
    site.gate = asyncio.Event()
    provider = an_introspecting_provider(site, clock=clock)
    waiting = asyncio.create_task(presented(provider, clock))
    await asyncio.sleep(0.01)
    await provider.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


# --- with other processes -----------------------------------------------------------------------


class Kept:
    """A cache that replicas share, in the process."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        assert 0 < seconds <= 30
        self.values[key] = value


def a_replica(site: InProcess, clock: FrozenClock, kept: Kept) -> IntrospectingProvider:
    return an_introspecting_provider(site, clock=clock, shared=SharedAnswers("bizpro", kept, clock))


def replicas(
    site: InProcess, clock: FrozenClock, kept: Kept
) -> tuple[IntrospectingProvider, IntrospectingProvider]:
    return a_replica(site, clock, kept), a_replica(site, clock, kept)


async def settled() -> None:
    """Let what was begun be kept."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_one_replica_was_told_the_other_need_not_ask() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, other = replicas(site, clock, kept)
    first = await presented(one, clock)
    await settled()
    second = await presented(other, clock)
    assert second.claims == first.claims
    assert len(site.asked) == 1


async def test_no_replica_keeps_longer_than_the_first_one_may() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, other = replicas(site, clock, kept)
    await presented(one, clock)
    await settled()
    clock.advance(20)
    await presented(other, clock)
    assert len(site.asked) == 1
    clock.advance(10)
    await presented(other, clock)
    assert len(site.asked) == 2


async def test_what_is_kept_shows_neither_token_nor_claims() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, _ = replicas(site, clock, kept)
    await presented(one, clock)
    await settled()
    ((name, value),) = kept.values.items()
    assert OPAQUE not in name
    assert OPAQUE.encode() not in value
    assert b"alice" not in value


@pytest.mark.catalogue("I1")
async def test_no_other_replica_turns_a_refused_token_into_a_good_one() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, other = replicas(site, clock, kept)
    await presented(one, clock)
    await settled()
    stale = dict(kept.values)
    del site.answers[OPAQUE]
    kept.values.clear()
    with pytest.raises(TokenRejectedError):
        await presented(other, clock)
    await settled()
    # The first replica writes late, or its write comes late.
    kept.values.update(stale)
    clock.advance(6)
    with pytest.raises(TokenRejectedError):
        await presented(other, clock)


@pytest.mark.catalogue("I1")
async def test_a_replica_that_knows_better_takes_back_what_others_are_told() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, other = replicas(site, clock, kept)
    with pytest.raises(TokenRejectedError):
        await presented(other, clock, "second")
    site.answers["second"] = active()
    await presented(one, clock, "second")
    await settled()
    del site.answers["second"]
    clock.advance(6)
    with pytest.raises(TokenRejectedError):
        await presented(other, clock, "second")
    await settled()
    assert list(kept.values.values()) == [b""]


async def test_made_up_tokens_leave_nothing_where_replicas_look() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, _ = replicas(site, clock, kept)
    for number in range(10):
        with pytest.raises(TokenRejectedError):
            await presented(one, clock, f"made-up-{number}")
    await settled()
    assert kept.values == {}


@pytest.mark.parametrize("junk", [b"", b"junk", b"\xff", b"a.b.c.d.e"])
async def test_what_nobody_of_us_kept_is_not_believed(junk: bytes) -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, other = replicas(site, clock, kept)
    await presented(one, clock)
    await settled()
    kept.values = dict.fromkeys(kept.values, junk)
    await presented(other, clock)
    assert len(site.asked) == 2


async def test_an_answer_kept_for_one_token_opens_for_no_other() -> None:
    site, clock, kept = InProcess(), FrozenClock(), Kept()
    one, other = replicas(site, clock, kept)
    await presented(one, clock)
    site.answers["mallory"] = active("mallory")
    await presented(one, clock, "mallory")
    await settled()
    alice, mallory = kept.values
    kept.values[mallory] = kept.values[alice]
    assert (await presented(other, clock, "mallory")).user_id == "mallory"
