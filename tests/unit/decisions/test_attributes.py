"""Attributes on the way to a decision: rounds, deadlines, and that each is fetched once at most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.decisions.point import Deadlines
from deemster.model.attributes import Fetched, FetchFailed, Origin
from deemster.model.decision import Decision, Reason
from deemster.policy.values import TraceEntry
from tests.support.attributes import HANGS, FakeSources
from tests.support.points import FakeUsers, Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

NAMES = ("a", "b", "c", "d")


def attributes(*names: str, more: str = "", path: str = "/{name}/{{claims.sub}}") -> str:
    return "attributes:\n" + "".join(
        f"  {name}: {{type: int, {more}source: {{http: {{service: s, "
        f'path: "{path.format(name=name)}", select: "$.v"}}}}}}\n'
        for name in names
    )


def a_tree(when: str, declared: str) -> Mapping[str, str]:
    operation = (
        "operations:\n  - id: read\n    match: {methods: [GET], path: /items}\n"
        f'    allow: {{when: "{when}"}}\n'
    )
    return {"shop.yaml": a_service(declared + operation)}


def point_of(
    when: str,
    sources: FakeSources,
    *,
    declared: str | None = None,
    deadlines: Deadlines | None = None,
) -> Point:
    return a_point(
        a_tree(when, declared if declared is not None else attributes(*NAMES)),
        tokens={"t": some_claims()},
        users=FakeUsers({"alice": {"groups": ["staff"]}}),
        attributes=sources,
        deadlines=deadlines,
    )


async def decided(point: Point, trace: list[TraceEntry] | None = None) -> Decision:
    call = a_call(url="https://api.example.com/shop/items", token="t")
    return await point.point.decide(call, a_caller(), trace)


async def test_one_attribute_after_another_as_they_are_reached() -> None:
    sources = FakeSources({name: {"v": 1} for name in NAMES})
    point = point_of("attr.c == 1 && attr.a == 1 && attr.c == attr.a", sources)
    decision = await decided(point)
    assert decision.reason is Reason.PERMITTED
    assert sources.names == ["c", "a"]
    assert point.faults == []


async def test_a_part_passed_over_makes_no_call() -> None:
    sources = FakeSources({"a": {"v": 0}})
    point = point_of("(attr.a == 1 && attr.b == 1) || 'staff' in user.groups", sources)
    assert (await decided(point)).permitted
    assert sources.names == ["a"]


async def test_what_is_at_hand_is_not_awaited() -> None:
    sources = FakeSources(known={name: {"v": 1} for name in NAMES})
    point = point_of("attr.a == 1 && attr.b == 1 && attr.c == 1", sources)
    await decided(point)  # the token and the user are known from here on
    call = a_call(url="https://api.example.com/shop/items", token="t")
    trace: list[TraceEntry] = []
    assert (await point.point.decide(call, a_caller(), trace)).permitted
    assert sources.fetched == []
    assert len(trace) == 1


async def test_a_failed_fetch_denies_as_unavailable_and_is_not_asked_again() -> None:
    sources = FakeSources({"a": FetchFailed("status 500")})
    decision = await decided(point_of("attr.a == 1 || attr.a == 2 || has(attr.a)", sources))
    assert decision.reason is Reason.DEPENDENCY_UNAVAILABLE
    assert sources.names == ["a"]
    assert "status 500" in (decision.error or "")


async def test_without_sources_every_fetch_fails() -> None:
    point = a_point(a_tree("attr.a == 1", attributes("a")), tokens={"t": some_claims()})
    assert (await decided(point)).reason is Reason.DEPENDENCY_UNAVAILABLE


async def test_a_source_that_raises_denies_and_is_reported() -> None:
    point = point_of("attr.a == 1 || true", FakeSources({"a": ValueError("a fault of ours")}))
    decision = await decided(point)
    assert decision.reason is Reason.INTERNAL_ERROR
    assert [str(fault) for fault in point.faults] == ["a fault of ours"]


async def test_two_attributes_of_one_request_are_fetched_together() -> None:
    sources = FakeSources({"a": {"v": 1}, "b": {"v": 2}})
    declared = attributes("a", "b", path="/same/{{claims.sub}}")
    decision = await decided(point_of("attr.a == 1 && attr.b == 1", sources, declared=declared))
    assert decision.permitted
    assert sources.names == ["a"]


async def test_a_value_given_for_one_attribute_is_not_another_ones() -> None:
    given_value = Fetched(1, Origin.GIVEN, is_value=True)
    sources = FakeSources({"a": given_value, "b": Fetched(2, Origin.GIVEN, is_value=True)})
    declared = attributes("a", "b", path="/same")
    assert (
        await decided(point_of("attr.a == 1 && attr.b == 2", sources, declared=declared))
    ).permitted
    assert sources.names == ["a", "b"]


@pytest.mark.slow
async def test_an_attribute_out_of_its_time_has_failed_and_the_decision_goes_on() -> None:
    sources = FakeSources({"a": HANGS})
    deadlines = Deadlines(decision=60.0, attribute=0.05)
    declared = attributes("a", more="onError: {value: 1}, ")
    point = point_of("attr.a == 1", sources, declared=declared, deadlines=deadlines)
    assert (await decided(point)).permitted
    without = point_of("attr.a == 1", FakeSources({"a": HANGS}), deadlines=deadlines)
    assert (await decided(without)).reason is Reason.DEPENDENCY_UNAVAILABLE


async def test_the_share_of_an_attribute_is_the_shorter_of_both() -> None:
    sources = FakeSources({name: {"v": 1} for name in NAMES})
    declared = (
        "attributes:\n"
        "  a: {type: int, source: {http: {service: s, path: /a, select: $.v, timeout: 100ms}}}\n"
        "  b: {type: int, source: {http: {service: s, path: /b, select: $.v, timeout: 10s}}}\n"
        "  c: {type: int, source: {http: {service: s, path: /c, select: $.v}}}\n"
    )
    point = point_of("attr.a == 1 && attr.b == 1 && attr.c == 1", sources, declared=declared)
    assert (await decided(point)).permitted
    assert sources.shares == [0.1, 0.3, 0.3]


async def test_a_decision_out_of_time_is_denied_whatever_stands_in() -> None:
    point: Point

    class Slow(FakeSources):
        async def fetch(self, fetch: object, within: float) -> Fetched | FetchFailed:
            point.clock.advance(5.0)
            return FetchFailed("late")

    declared = attributes("a", more="onError: {value: 1}, ")
    point = point_of("attr.a == 1", Slow(), declared=declared)
    decision = await decided(point)
    assert (decision.permitted, decision.reason) == (False, Reason.DEADLINE_EXCEEDED)


async def test_a_cancelled_decision_is_none() -> None:
    point = point_of(
        "attr.a == 1", FakeSources({"a": HANGS}), deadlines=Deadlines(60.0, 1, 1, 60.0)
    )
    task = asyncio.create_task(decided(point))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_many_attributes_are_not_too_many_rounds() -> None:
    names = [f"a{number}" for number in range(40)]
    sources = FakeSources({name: {"v": 1} for name in names})
    when = " && ".join(f"attr.{name} == 1" for name in names)
    assert (await decided(point_of(when, sources, declared=attributes(*names)))).permitted
    assert sources.names == names


async def test_a_trace_shows_the_last_round_alone() -> None:
    trace: list[TraceEntry] = []
    point = point_of("attr.a == 1 && attr.b == 1", FakeSources({"a": {"v": 1}, "b": {"v": 1}}))
    await decided(point, trace)
    assert len(trace) == 1
    assert "attr.a = 1 (fetched)" in trace[0].detail
    assert "attr.b = 1 (fetched)" in trace[0].detail


CONDITIONS = st.recursive(
    st.sampled_from([f"attr.{name} == {number}" for name in NAMES for number in (1, 2)]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=6,
)
ANSWERS = st.dictionaries(
    st.sampled_from(NAMES),
    st.sampled_from([{"v": 1}, {"v": 2}, {}, {"v": "x"}, FetchFailed("down")]),
)


@given(CONDITIONS, ANSWERS, st.frozensets(st.sampled_from(NAMES)))
def test_each_attribute_is_fetched_once_at_most_and_the_cache_changes_nothing(
    when: str, answers: Mapping[str, object], cached: frozenset[str]
) -> None:
    async def both() -> tuple[Decision, Decision, FakeSources]:
        fresh = FakeSources(answers)
        # A cache holds documents alone: a failure is never at hand.
        known = {
            name: document
            for name, document in answers.items()
            if name in cached and not isinstance(document, FetchFailed)
        }
        helped = FakeSources(answers, known=known)
        first = await decided(point_of(when, fresh))
        second = await decided(point_of(when, helped))
        assert not set(helped.names) & set(known)
        return first, second, fresh

    first, second, fresh = asyncio.run(both())
    assert len(fresh.names) == len(set(fresh.names))
    assert (first.effect, first.reason, first.error) == (second.effect, second.reason, second.error)
