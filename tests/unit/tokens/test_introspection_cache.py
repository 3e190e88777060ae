"""The cache of introspection by itself: its bounds, its ends, good and bad entries apart."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from deemster.model.decision import Reason
from deemster.model.identity import VerifiedClaims
from deemster.tokens.claim_rules import ClaimNames
from deemster.tokens.introspection_answers import AnswerRules, judged
from deemster.tokens.introspection_cache import IntrospectionCache, Refusal
from deemster.tokens.token_cache import AcceptedToken
from tests.support.clock import FrozenClock
from tests.support.introspection import active
from tests.support.keys import ISSUER

RULES = AnswerRules(provider="bizpro", internal=True, issuer=ISSUER, skew=30.0, names=ClaimNames())
REFUSAL = Refusal(Reason.TOKEN_INACTIVE)


def accepted(subject: str = "alice") -> AcceptedToken:
    return judged(active(subject), RULES)


def claims_of(found: AcceptedToken | None) -> VerifiedClaims | None:
    return None if found is None else found.claims


def test_the_oldest_goes_first() -> None:
    cache = IntrospectionCache(FrozenClock(), most_active=2)
    for name in (b"a", b"b", b"c"):
        cache.keep_active(name, accepted(), 100, math.inf)
    assert cache.active(b"a") is None
    assert cache.active(b"b") is not None
    assert cache.active(b"c") is not None


def test_answers_have_a_bound_in_bytes() -> None:
    cache = IntrospectionCache(FrozenClock(), most_bytes=1000)
    for number in range(10):
        cache.keep_active(bytes([number]), accepted(), 300, math.inf)
    assert len(cache) == 3
    cache.keep_active(b"huge", accepted(), 1001, math.inf)
    assert len(cache) == 0
    cache.keep_active(b"fits", accepted(), 1000, math.inf)
    assert len(cache) == 1


def test_a_token_kept_again_counts_once() -> None:
    cache = IntrospectionCache(FrozenClock(), most_bytes=1000)
    for _ in range(10):
        cache.keep_active(b"a", accepted(), 400, math.inf)
    cache.keep_active(b"b", accepted(), 400, math.inf)
    assert len(cache) == 2


def test_refused_ones_have_a_bound_of_their_own() -> None:
    cache = IntrospectionCache(FrozenClock(), most_active=1, most_refused=2)
    cache.keep_active(b"good", accepted(), 1, math.inf)
    for name in (b"a", b"b", b"c"):
        cache.keep_refused(name, REFUSAL)
    assert cache.active(b"good") is not None
    assert cache.refused(b"a") is None
    assert cache.refused(b"b") is REFUSAL
    assert cache.refused(b"c") is REFUSAL


def test_the_last_word_counts() -> None:
    cache = IntrospectionCache(FrozenClock())
    cache.keep_active(b"a", accepted(), 1, math.inf)
    cache.keep_refused(b"a", REFUSAL)
    assert cache.active(b"a") is None
    cache.keep_active(b"a", accepted(), 1, math.inf)
    assert cache.refused(b"a") is None
    assert not cache.was_refused(b"a")


def test_a_token_at_its_end_is_not_kept() -> None:
    cache = IntrospectionCache(FrozenClock())
    cache.keep_active(b"a", accepted(), 1, 0.0)
    cache.keep_active(b"b", accepted(), 1, -5.0)
    assert len(cache) == 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["active", "refused", "wait"]),
        st.integers(0, 4),
        st.sampled_from([0.0, 1.0, 4.0, 5.0, 29.0, 30.0, 31.0]),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_it_tells_what_a_list_of_all_that_was_said_tells(
    steps: list[tuple[str, int, float]],
) -> None:
    """Held against a model that forgets nothing and has no bounds to keep."""
    clock = FrozenClock()
    cache = IntrospectionCache(clock, positive=30.0, negative=5.0, most_active=5, most_refused=5)
    said: dict[bytes, tuple[object, float]] = {}
    for what, number, seconds in steps:
        key, now = bytes([number]), clock.monotonic()
        if what == "wait":
            clock.advance(seconds)
        elif what == "refused":
            cache.keep_refused(key, REFUSAL)
            said[key] = (None, now + 5.0)
        else:
            token = accepted(f"user-{len(said)}")
            cache.keep_active(key, token, 1, seconds)
            said[key] = (token.claims, now + min(30.0, seconds))
        for known, (claims, until) in said.items():
            lives = clock.monotonic() < until
            assert claims_of(cache.active(known)) is (claims if lives else None)
            assert (cache.refused(known) is not None) is (lives and claims is None)
