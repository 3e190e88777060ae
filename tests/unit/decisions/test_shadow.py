"""A tree beside the live one: it answers nobody, holds up nobody, and differences are counted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

import pytest

from deemster.decisions.questions import Question
from deemster.decisions.shadow import Difference, Shadow, ShadowCounters
from deemster.decisions.shadowed import ShadowedPoint
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.decision import Decision, Reason
from tests.support.doubles import a_deny
from tests.support.points import FakeUsers, Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service


def a_tree(allow: str, *, id: str = "read") -> Mapping[str, str]:
    return {
        "shop.yaml": a_service(
            f"operations:\n  - id: {id}\n    match: {{methods: [GET], path: /items}}\n"
            f"    allow: {allow}\n"
        )
    }


READ, WRITE = "{scopes: {any: [read]}}", "{scopes: {any: [write]}}"
URL = "https://api.example.com/shop/items"


class Beside:
    """A live point and its shadow, with what came of it."""

    def __init__(self, live: Mapping[str, str], beside: Mapping[str, str], share: float = 1.0):
        tokens = {"r": some_claims(scopes="read"), "w": some_claims(scopes="write")}
        users = FakeUsers({"alice": {}})
        self.counters = ShadowCounters()
        self.counters.revision = "loaded"
        self.busy = False
        self.found: list[Difference] = []
        self.beside: Point = a_point(beside, tokens=tokens, users=users)
        self.live: Point = a_point(live, tokens=tokens, users=users)
        self.shadow = Shadow(
            self.beside.point,
            share=share,
            counters=self.counters,
            is_busy=lambda: self.busy,
            differs=self.found.append,
        )
        self.point = ShadowedPoint(self.live.point, self.shadow)

    async def ask(self, token: str | None, url: str = URL, method: str = "GET") -> Decision:
        begun = self.point.begin(a_call(method, url, token=token), a_caller())
        decision = begun if isinstance(begun, Decision) else await begun
        await self.settle()
        return decision

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    @property
    def results(self) -> dict[str, int]:
        return {str(name): count for name, count in self.counters.results.items() if count}

    @property
    def left(self) -> dict[str, int]:
        return {str(name): count for name, count in self.counters.left.items() if count}


@pytest.mark.parametrize(
    ("live", "beside", "token", "result"),
    [
        (READ, READ, "r", "same"),
        (READ, READ, "w", "same"),
        (WRITE, READ, "r", "widened"),
        (READ, WRITE, "r", "narrowed"),
        (WRITE, "{groups: {any: [staff]}}", "r", "reason"),
        (READ, "public", None, "widened"),
    ],
)
async def test_a_difference_is_of_a_kind(
    live: str, beside: str, token: str | None, result: str
) -> None:
    desk = Beside(a_tree(live), a_tree(beside))
    answered = await desk.ask(token)
    alone = a_point(a_tree(live), tokens=desk.live.provider.tokens, users=desk.live.users)
    assert (
        answered.reason
        is (await alone.point.decide(a_call(url=URL, token=token), a_caller())).reason
    )
    assert desk.results == {result: 1}
    assert [one.result for one in desk.found] == ([] if result == "same" else [result])


async def test_the_same_answer_of_another_operation_is_a_difference() -> None:
    desk = Beside(a_tree(READ), a_tree(READ, id="list"))
    await desk.ask("r")
    assert desk.results == {"operation": 1}


@pytest.mark.parametrize(("share", "calls"), [(0.1, 100), (0.25, 40), (1.0, 10), (0.001, 1000)])
async def test_the_share_is_kept_exactly_and_evenly(share: float, calls: int) -> None:
    desk = Beside(a_tree(READ), a_tree(WRITE), share)
    taken = [number for number in range(calls) if desk.shadow.is_due()]
    assert abs(len(taken) - share * calls) <= 1
    gaps = {after - before for before, after in itertools.pairwise(taken)}
    assert all(abs(gap - 1 / share) <= 1 for gap in gaps)


async def test_a_tree_that_fails_changes_no_answer() -> None:
    desk = Beside(a_tree(READ), a_tree(WRITE))

    async def breaks(*_: object, **__: object) -> Decision:
        raise RuntimeError("broken")

    desk.beside.point.decide = breaks  # type: ignore[method-assign]
    assert (await desk.ask("r")).permitted
    assert (desk.results, desk.left, desk.found) == ({}, {"failed": 1}, [])


async def test_a_tree_that_hangs_holds_up_no_answer_and_is_bounded() -> None:
    desk = Beside(a_tree(READ), a_tree(WRITE))

    async def hangs(*_: object, **__: object) -> Decision:
        await asyncio.Event().wait()
        raise AssertionError

    desk.beside.point.decide = hangs  # type: ignore[method-assign]
    for _ in range(300):
        begun = desk.point.begin(a_call(url=URL, token="r"), a_caller())
        assert (begun if isinstance(begun, Decision) else await begun).permitted
    assert desk.left["full"] > 0
    async with asyncio.timeout(5):
        await desk.shadow.close()


async def test_a_busy_loop_decides_nothing_twice() -> None:
    desk = Beside(a_tree(READ), a_tree(WRITE))
    desk.busy = True
    assert (await desk.ask("r")).permitted
    assert (desk.results, desk.left) == ({}, {"busy": 1})


async def test_without_a_tree_that_could_be_loaded_calls_are_counted_as_left() -> None:
    desk = Beside(a_tree(READ), a_tree(WRITE))
    desk.counters.revision = None
    assert (await desk.ask("r")).permitted
    assert desk.left == {"not-loaded": 1}


@pytest.mark.parametrize(
    "reason", [Reason.OVERLOADED, Reason.PROOF_INVALID, Reason.DEPENDENCY_UNAVAILABLE]
)
async def test_what_no_policy_answered_is_not_compared(reason: Reason) -> None:
    desk = Beside(a_tree(READ), a_tree(WRITE))
    desk.shadow.note_call(a_call(url=URL, token="r"), a_caller(), a_deny(reason=reason))
    await desk.settle()
    assert (desk.results, desk.left) == ({}, {"not-comparable": 1})


async def test_a_question_of_authzen_has_a_shadow_too() -> None:
    desk = Beside(a_tree("authenticated"), a_tree("{groups: {any: [staff]}}"))
    request = AccessRequest(Subject("user", "alice"), Action("GET"), Resource("uri", URL))
    caller = a_caller(may_name_subjects=True)
    begun = desk.point.begin_access(Question(request), caller)
    decision = begun if isinstance(begun, Decision) else await begun
    await desk.settle()
    assert decision.permitted
    assert desk.results == {"narrowed": 1}
