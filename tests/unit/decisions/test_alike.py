"""Questions of one message have the answers that each would have alone, however few are judged."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from itertools import count, product

import pytest
from msgspec.structs import replace

from deemster.decisions.alike import AlikeQuestions
from deemster.decisions.questions import Question
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.decision import Decision
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import Credential
from deemster.policy.loading import load_texts
from tests.support.points import FakeUsers, Point, a_caller, a_point

TREE = {
    "todos.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: todos}
service:
  tokenProvider: {type: internal, id: idp}
schema:
  user: {level: {type: int, optional: true}}
  resource: {ownerID: {type: string, optional: true}}
attributes:
  owner:
    type: string
    source: {http: {service: s, path: "/{resource.id}", select: "$.v"}}
conditions:
  mine: "resource.properties.ownerID == user.id"
operations:
  - id: read
    match: {resourceType: todo, actions: [can_read]}
    allow: {groups: {any: [editors]}}
  - id: grown
    match: {resourceType: todo, actions: [can_grow]}
    allow: {when: "user.level >= 5"}
  - id: one
    match: {resourceType: todo, actions: [can_one]}
    allow: {when: "resource.id == '1'"}
  - id: own
    match: {resourceType: todo, actions: [can_own]}
    allow: {when: mine}
  - id: fetched
    match: {resourceType: todo, actions: [can_fetch]}
    allow: {when: "attr.owner == user.id"}
"""
}
USERS: Mapping[str, Mapping[str, object]] = {
    "alice": {"groups": ["editors"], "attributes": {"level": 3}},
    "bob": {"groups": ["x"]},
}
ASKING = ApiCall("x", "", Headers(()))


def point_of() -> Point:
    return a_point(TREE, users=FakeUsers(USERS))


def about(subject: Subject, action: Action, resources: Sequence[Resource]) -> list[Question]:
    return [Question(AccessRequest(subject, action, resource)) for resource in resources]


class Counted:
    """The decision point, and how often it is asked."""

    def __init__(self, point: Point) -> None:
        self.asked = 0
        self._point = point.point

    def begin_access(
        self, question: Question, caller: GatewayCaller, *, asking: ApiCall | None = None
    ) -> Decision | Awaitable[Decision]:
        self.asked += 1
        return self._point.begin_access(question, caller, asking=asking)


async def warmed(point: Point) -> Point:
    """Knows its users: nothing is to be awaited."""
    for name, action in product(USERS, ["can_read", "can_grow", "can_own"]):
        [question] = about(Subject("user", name), Action(action), [Resource("todo", "0")])
        await point.point.decide_access(question, CALLER)
    return point


CALLER = a_caller(may_name_subjects=True)
RESOURCES = [
    Resource("todo", "1", {"ownerID": "alice"}),
    Resource("todo", "2", {"ownerID": "bob"}),
    Resource("todo", "1"),
    Resource("note", "1"),
    Resource("todo", "3", {"ownerID": "alice"}),
]


@pytest.mark.parametrize(
    ("subject", "action"),
    list(product(["alice", "bob"], ["can_read", "can_grow", "can_one", "can_own", "no"])),
)
async def test_each_is_answered_as_if_it_came_alone(subject: str, action: str) -> None:
    point = await warmed(point_of())
    questions = about(Subject("user", subject), Action(action), RESOURCES)
    alike = AlikeQuestions(point.point, (f"a-{n}" for n in count()).__next__)
    together = [alike.begin(question, CALLER, ASKING) for question in questions]
    alone = [await point.point.decide_access(question, CALLER) for question in questions]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, Decision)
        assert replace(one, decision_id="") == replace(other, decision_id="")
    assert len({one.decision_id for one in together if isinstance(one, Decision)}) == len(together)


@pytest.mark.parametrize(
    ("action", "asked"),
    [("can_read", 1), ("can_grow", 1), ("can_one", 3), ("can_own", 3)],
)
async def test_one_judgement_is_for_all_only_where_nothing_reads_of_the_resource(
    action: str, asked: int
) -> None:
    counted = Counted(await warmed(point_of()))
    alike = AlikeQuestions(counted, lambda: "d")
    resources = [Resource("todo", str(number)) for number in range(3)]
    for question in about(Subject("user", "alice"), Action(action), resources):
        alike.begin(question, CALLER, ASKING)
    assert counted.asked == asked


async def test_another_subject_action_context_or_token_is_judged_anew() -> None:
    counted = Counted(await warmed(point_of()))
    alike = AlikeQuestions(counted, lambda: "d")
    subject, action, resource = Subject("user", "bob"), Action("can_read"), Resource("todo", "1")
    request = AccessRequest(subject, action, resource)
    asked = [
        Question(request),
        Question(replace(request, subject=Subject("user", "alice"))),
        Question(request),
        Question(replace(request, action=Action("can_grow"))),
        Question(request),
        Question(replace(request, context={"channel": "web"})),
        Question(request, Credential("bearer", "t")),
        Question(request),
    ]
    for question in asked:
        begun = alike.begin(question, CALLER, ASKING)
        if not isinstance(begun, Decision):
            await begun
    assert counted.asked == len(asked)


def test_what_an_attributes_source_reads_of_the_resource_is_read_by_the_operation() -> None:
    snapshot = load_texts(TREE).snapshot
    assert snapshot is not None
    found = snapshot.access.find("todo", "can_fetch")
    assert found is not None
    assert "resource.id" in found[1].reads
