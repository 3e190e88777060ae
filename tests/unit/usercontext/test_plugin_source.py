"""What a plug-in says of users is looked at before anybody believes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from deemster.errors import DependencyUnavailableError
from deemster.model.decision import Reason
from deemster.usercontext.plugin_source import PluginUserSource
from deemster.usercontext.resolver import UserResolver
from tests.support.points import a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

PARTS = ("is_enabled", "groups", "roles", "attributes")


@dataclass
class Plugin:
    """Every question is answered by one function."""

    answer: Callable[[], object]

    async def is_enabled(self, subject: str) -> bool | None:
        return self.answer()  # type: ignore[return-value]

    async def groups(self, subject: str) -> frozenset[str]:
        return self.answer()  # type: ignore[return-value]

    async def roles(self, subject: str) -> frozenset[str]:
        return self.answer()  # type: ignore[return-value]

    async def attributes(self, subject: str) -> dict[str, object]:
        return self.answer()  # type: ignore[return-value]

    async def close(self) -> None:
        self.answer()


def asked(answer: object) -> PluginUserSource:
    return PluginUserSource("people", Plugin(lambda: answer))


def failing(fault: BaseException) -> PluginUserSource:
    def answer() -> object:
        raise fault

    return PluginUserSource("people", Plugin(answer))


async def test_good_answers_are_passed_on() -> None:
    assert await asked(True).is_enabled("alice") is True
    assert await asked(None).is_enabled("alice") is None
    assert await asked({"finance"}).groups("alice") == {"finance"}
    assert await asked(frozenset()).roles("alice") == frozenset()
    attributes = {"level": 3}
    assert await asked(attributes).attributes("alice") == attributes
    assert await asked(attributes).attributes("alice") is not attributes


WRONG: dict[str, tuple[object, ...]] = {
    "is_enabled": (1, 0, "true", "", [], object()),
    "groups": (None, "finance", ["finance"], {"finance": 1}, {1}, {None}, 7),
    "roles": (None, "finance", ["finance"], {"finance": 1}, {1}, {None}, 7),
    "attributes": (None, [], "x", {"a": object()}, {"a": math.nan}, {"a": {1}}, {"a": "\ud800"}),
}


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize(
    ("part", "answer"), [(part, answer) for part, answers in WRONG.items() for answer in answers]
)
async def test_an_answer_of_the_wrong_type_is_an_error(part: str, answer: object) -> None:
    with pytest.raises(DependencyUnavailableError):
        await getattr(asked(answer), part)("alice")


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "fault",
    [ValueError("s3cret"), KeyError("x"), SystemExit(0), RecursionError(), TimeoutError(),
     DependencyUnavailableError("their own name", detail="down")],
)  # fmt: skip
async def test_a_fault_is_an_error_that_names_the_directory(
    part: str, fault: BaseException
) -> None:
    with pytest.raises(DependencyUnavailableError) as failed:
        await getattr(failing(fault), part)("alice")
    assert failed.value.dependency == "people"
    assert "s3cret" not in failed.value.detail


async def test_a_plugin_that_is_not_asynchronous_is_an_error() -> None:
    class Plain:
        def is_enabled(self, subject: str) -> bool:
            return True

    with pytest.raises(DependencyUnavailableError):
        await PluginUserSource("people", Plain()).is_enabled("alice")  # type: ignore[arg-type]


async def test_its_end_is_nobodys_fault() -> None:
    await failing(ValueError()).close()
    await failing(SystemExit(1)).close()


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize("answer", ["yes", None, True])
async def test_nobody_is_permitted_by_a_plugin_that_fails(answer: object) -> None:
    operations = (
        "operations:\n  - {id: read, match: {methods: [GET], path: /}, "
        "allow: {when: \"!('banned' in user.groups)\"}}\n"
    )
    point = a_point({"shop.yaml": a_service(operations)}, tokens={"t": some_claims()})
    resolver = UserResolver({"idp": asked(answer)}, clock=point.clock)
    point.point._fetching._users = resolver
    decision = await point.point.decide(a_call(token="t"), a_caller())
    expected = Reason.USER_UNKNOWN if answer is None else Reason.DEPENDENCY_UNAVAILABLE
    assert (decision.permitted, decision.reason) == (False, expected)
