"""Bounds of what is remembered about users."""

from __future__ import annotations

from deemster.model.decision import Reason
from deemster.model.identity import NOT_FETCHED, UserPart
from deemster.usercontext.cache import RefusalCache, UserCache

GROUPS = frozenset({"finance"})


def test_the_oldest_user_goes_when_there_are_too_many() -> None:
    cache = UserCache(ttl=60, max_users=2)
    for name in ("a", "b", "c"):
        cache.add_user(("p", name), asked_at=0, now=0)
    assert [cache.get(("p", name), 1) is None for name in ("a", "b", "c")] == [True, False, False]


def test_the_oldest_refusal_goes_when_there_are_too_many() -> None:
    cache = RefusalCache(ttl=5, max_users=2)
    for name in ("a", "b", "c"):
        cache.add(("p", name), Reason.USER_UNKNOWN, asked_at=0)
    assert len(cache) == 2
    assert cache.get(("p", "a"), 1) is None


def test_an_old_refusal_takes_no_room() -> None:
    cache = RefusalCache(ttl=5, max_users=2)
    cache.add(("p", "a"), Reason.USER_DISABLED, asked_at=0)
    assert cache.get(("p", "a"), 4.9) is Reason.USER_DISABLED
    assert cache.get(("p", "a"), 5) is None
    assert len(cache) == 0


def test_age_counts_from_when_the_directory_was_asked() -> None:
    cache = UserCache(ttl=60, max_users=2)
    cache.add_user(("p", "a"), asked_at=0, now=10)
    assert cache.get(("p", "a"), 59.9) is not None
    assert cache.get(("p", "a"), 60) is None


def test_a_part_of_a_forgotten_user_is_not_kept() -> None:
    cache = UserCache(ttl=60, max_users=2)
    cache.add_part(("p", "a"), UserPart.GROUPS, GROUPS, asked_at=0, now=0)
    assert cache.part(("p", "a"), UserPart.GROUPS, 1) is None
    cache.add_user(("p", "a"), asked_at=0, now=0)
    cache.add_part(("p", "a"), UserPart.GROUPS, GROUPS, asked_at=0, now=0)
    cache.discard(("p", "a"))
    assert cache.add_user(("p", "a"), asked_at=1, now=1).groups is NOT_FETCHED


def test_an_answer_that_was_long_under_way_is_no_fresher_for_it() -> None:
    cache = UserCache(ttl=60, max_users=2)
    cache.add_user(("p", "a"), asked_at=50, now=50)
    cache.add_part(("p", "a"), UserPart.GROUPS, GROUPS, asked_at=0, now=70)
    assert cache.part(("p", "a"), UserPart.GROUPS, 70) is None
    found = cache.get(("p", "a"), 70)
    assert found is not None
    assert found.groups is NOT_FETCHED
