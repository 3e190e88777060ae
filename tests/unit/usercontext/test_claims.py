"""The user as the verified token tells of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from deemster.errors import DependencyUnavailableError
from deemster.model.decision import Decision, Reason
from deemster.model.identity import VerifiedClaims
from deemster.usercontext.claims import ClaimsDirectory
from deemster.usercontext.mapping import MemberPath, UserMapping
from deemster.usercontext.resolver import UserResolver
from tests.support.points import Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

MAPPING = UserMapping(
    groups=MemberPath(("groups",)),
    roles=MemberPath(("realm", "roles"), optional=True),
    attributes=(("level", MemberPath(("lvl",))),),
)
DIRECTORY = ClaimsDirectory("people", MAPPING)
POLICY = """
schema: {user: {level: {type: int}}}
operations:
  - id: groups
    match: {methods: [GET], path: /groups}
    allow: {groups: {any: [finance]}}
  - id: outside
    match: {methods: [GET], path: /outside}
    allow: {when: "!('finance' in user.groups)"}
  - id: level
    match: {methods: [GET], path: /level}
    allow: {when: "user.level >= 3"}
  - id: roleless
    match: {methods: [GET], path: /roleless}
    allow: {when: "!('admin' in user.roles)"}
"""


def test_all_that_is_mapped_is_read() -> None:
    claims = some_claims(groups=["finance"], realm={"roles": ["auditor"]}, lvl=3)
    user = DIRECTORY.user("alice", claims)
    assert user.id == "alice"
    assert user.groups == frozenset({"finance"})
    assert user.roles == frozenset({"auditor"})
    assert user.attributes == {"level": 3}


@pytest.mark.catalogue("I7")
def test_a_part_that_cannot_be_read_is_its_error_and_the_others_stand() -> None:
    user = DIRECTORY.user("alice", some_claims(groups="finance"))
    assert isinstance(user.groups, DependencyUnavailableError)
    assert user.groups.detail == "`groups` is not a list of strings"
    assert user.roles == frozenset()
    assert user.attributes == {}


def test_claims_of_a_gateway_and_no_claims_are_no_source() -> None:
    for claims in (None, replace(some_claims(groups=["finance"]), asserted=True)):
        with pytest.raises(DependencyUnavailableError):
            DIRECTORY.user("alice", claims)


def deciding(**tokens: VerifiedClaims) -> Point:
    point = a_point({"shop.yaml": a_service(POLICY)}, tokens=tokens)
    resolver = UserResolver({}, claims_directories={"idp": DIRECTORY}, clock=point.clock)
    point.point._fetching._users = resolver
    return point


async def decided(point: Point, path: str, token: str) -> Decision:
    call = a_call(url=f"https://api.example.com/shop{path}", token=token)
    return await point.point.decide(call, a_caller())


@pytest.mark.catalogue("I6")
async def test_two_tokens_of_one_user_are_believed_each_for_itself() -> None:
    point = deciding(
        rich=some_claims(groups=["finance"], lvl=3), poor=some_claims(groups=[], lvl=1)
    )
    for _ in range(3):
        assert (await decided(point, "/groups", "rich")).permitted
        assert not (await decided(point, "/groups", "poor")).permitted
        assert (await decided(point, "/level", "rich")).permitted
        assert not (await decided(point, "/level", "poor")).permitted


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize("path", ["/outside", "/groups"])
async def test_absent_groups_permit_nothing_not_even_by_negation(path: str) -> None:
    decision = await decided(deciding(t=some_claims(lvl=3)), path, "t")
    assert (decision.permitted, decision.reason) == (False, Reason.DEPENDENCY_UNAVAILABLE)


async def test_optional_names_that_are_absent_are_none() -> None:
    assert (await decided(deciding(t=some_claims()), "/roleless", "t")).permitted


async def test_an_absent_attribute_is_missing() -> None:
    decision = await decided(deciding(t=some_claims()), "/level", "t")
    assert (decision.permitted, decision.reason) == (False, Reason.ATTRIBUTE_MISSING)


async def test_a_client_token_has_no_user_there_either() -> None:
    decision = await decided(deciding(t=some_claims(None, groups=["finance"])), "/groups", "t")
    assert not decision.permitted
