"""Answers are kept by the whole call, within bounds, and for each reader as long as it says."""

from __future__ import annotations

from deemster.attributesources.cache import AnswerCache
from deemster.model.attributes import HttpCall, SourceCall, SqlCall


def call(target: str = "/a", service: str = "risk") -> HttpCall:
    return HttpCall(service, "GET", target)


def test_every_part_of_a_call_is_a_part_of_its_key() -> None:
    cache = AnswerCache()
    cache.put(call(), 1, 60.0, at=0.0)
    others: list[SourceCall] = [
        call("/b"),
        call(service="crm"),
        HttpCall("risk", "POST", "/a"),
        HttpCall("risk", "GET", "/a", (("x-tenant", "a"),)),
        SqlCall("risk"),
    ]
    assert cache.get(call(), 60.0, 1.0) == (1,)
    assert [cache.get(other, 60.0, 1.0) for other in others] == [None] * 5


def test_values_of_two_types_are_two_calls() -> None:
    cache = AnswerCache()
    cache.put(SqlCall("q", (("on", "bool", True),)), "bool", 60.0, at=0.0)
    assert cache.get(SqlCall("q", (("on", "int", 1),)), 60.0, 1.0) is None


def test_null_is_an_answer() -> None:
    cache = AnswerCache()
    cache.put(call(), None, 60.0, at=0.0)
    assert cache.get(call(), 60.0, 1.0) == (None,)


def test_age_counts_from_the_question_and_each_reader_has_its_own_limit() -> None:
    cache = AnswerCache()
    cache.put(call(), 1, 60.0, at=100.0)
    assert cache.get(call(), 10.0, 109.9) == (1,)
    assert cache.get(call(), 10.0, 110.0) is None
    assert cache.get(call(), 60.0, 159.9) == (1,)
    assert cache.get(call(), 60.0, 160.0) is None
    assert len(cache) == 0


def test_an_answer_nobody_may_use_again_is_not_kept_and_throws_none_out() -> None:
    cache = AnswerCache()
    cache.put(call(), 1, 60.0, at=0.0)
    cache.put(call(), 2, 0.0, at=1.0)
    assert cache.get(call(), 60.0, 2.0) == (1,)


def test_what_was_not_used_longest_goes_first() -> None:
    cache = AnswerCache(most=2)
    cache.put(call("/a"), 1, 60.0, at=0.0)
    cache.put(call("/b"), 2, 60.0, at=0.0)
    cache.get(call("/a"), 60.0, 1.0)
    cache.put(call("/c"), 3, 60.0, at=0.0)
    kept = [cache.get(call(target), 60.0, 1.0) is not None for target in ("/a", "/b", "/c")]
    assert kept == [True, False, True]


def test_all_documents_together_have_a_bound() -> None:
    cache = AnswerCache(most_weight=10_000)
    for number in range(100):
        cache.put(call(f"/{number}"), {"text": "x" * 900}, 60.0, at=0.0)
    assert 5 <= len(cache) <= 10
    cache.put(call("/large"), ["x" * 20_000], 60.0, at=0.0)
    assert cache.get(call("/large"), 60.0, 1.0) is None
    assert len(cache) >= 5
