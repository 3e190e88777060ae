"""The cache of accepted tokens: whole token, one generation, bounded."""

from __future__ import annotations

import pytest

from deemster.model.identity import VerifiedClaims
from deemster.tokens.token_cache import AcceptedToken, TokenCache


def accepted(subject: str = "alice") -> AcceptedToken:
    claims = VerifiedClaims(
        provider="bizpro",
        claims={"sub": subject},
        scopes=frozenset(),
        user_id=subject,
        client_id=None,
        asserted=False,
    )
    return AcceptedToken(claims, frozenset({"api"}), 0.0, 1.0)


def test_a_token_is_found_by_its_whole_text_only() -> None:
    cache = TokenCache()
    entry = accepted()
    cache.put("head.payload.signature", 1, entry)
    assert cache.get("head.payload.signature", 1) is entry
    assert cache.get("head.other.signature", 1) is None
    assert cache.get("head.payload.signature2", 1) is None


@pytest.mark.parametrize("generation", [0, 2])
def test_a_token_is_unknown_under_other_keys(generation: int) -> None:
    cache = TokenCache()
    cache.put("token", 1, accepted())
    assert cache.get("token", generation) is None


def test_the_first_token_of_a_new_generation_empties_the_cache() -> None:
    cache = TokenCache()
    cache.put("old", 1, accepted())
    cache.put("new", 2, accepted())
    assert (len(cache), cache.get("old", 2)) == (1, None)


def test_the_oldest_token_goes_when_there_are_too_many() -> None:
    cache = TokenCache(max_entries=2)
    for token in ("a", "b", "c"):
        cache.put(token, 1, accepted(token))
    assert [cache.get(token, 1) is None for token in ("a", "b", "c")] == [True, False, False]


def test_the_text_of_all_tokens_is_bounded_as_well() -> None:
    cache = TokenCache(max_characters=100)
    for number in range(20):
        cache.put(f"{number:02}" + "x" * 28, 1, accepted())
    assert len(cache) == 3


def test_a_token_kept_twice_counts_once() -> None:
    cache = TokenCache(max_characters=100)
    for _ in range(10):
        cache.put("x" * 60, 1, accepted())
    cache.put("y" * 40, 1, accepted())
    assert len(cache) == 2


def test_a_forgotten_token_is_forgotten() -> None:
    cache = TokenCache()
    cache.put("token", 1, accepted())
    cache.discard("token")
    cache.discard("token")
    assert (len(cache), cache.get("token", 1)) == (0, None)


@pytest.mark.parametrize("token", ["", "é", "\ud800", "x" * 20_000])
def test_odd_text_is_simply_unknown(token: str) -> None:
    cache = TokenCache()
    cache.put("token", 1, accepted())
    assert cache.get(token, 1) is None
