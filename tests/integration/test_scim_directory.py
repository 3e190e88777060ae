"""SCIM directories, against a strict server, and against services with every fault there is."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import UserPart
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.scim import MOST_GROUPS, ScimRules, ScimUserSource
from deemster.usercontext.scim_answers import ScimPath
from tests.support.clock import FrozenClock
from tests.support.directories_over_http import a_service_at, an_asked_directory
from tests.support.faulty_service import a_faulty_service
from tests.support.hostile_subjects import HOSTILE_SUBJECTS
from tests.support.scim_server import CORE_USER, ENTERPRISE, ScimServer, a_scim_server, a_user

GOLDEN = Path(__file__).parents[1] / "golden" / "scim"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
BARBARA = "2819c223-7f76-453a-919d-413861904646"
ATTRIBUTES = {
    "department": f"{ENTERPRISE}:department",
    "manager": f"{ENTERPRISE}:manager.value",
    "family": "name.familyName",
    "emails": "emails.value",
    "title": "title",
    "login": f"{CORE_USER}:userName",
    "phone": "phoneNumbers.value",
}


def rules(by: str, groups: str | None, name: str) -> ScimRules:
    return ScimRules(
        user_by=None if by == "id" else ScimPath.of(by),
        groups=None if groups is None else ScimPath.of(groups),
        group_name=ScimPath.of(name),
        roles=ScimPath.of("roles.value"),
        attributes=tuple([(key, ScimPath.of(path)) for key, path in ATTRIBUTES.items()]),
    )


@asynccontextmanager
async def asking(
    url: str,
    by: str = "id",
    *,
    groups: str | None = "groups.display",
    name: str = "displayName",
    headers: dict[str, str] | None = None,
    allow_private: bool = True,
    seconds: float = 2.0,
    failures: int = 1000,
) -> AsyncIterator[ScimUserSource]:
    clock = FrozenClock()
    service = a_service_at(url, clock, headers=headers, allow_private=allow_private)
    directory = an_asked_directory(service, clock, timeout=seconds, failures=failures)
    source = ScimUserSource(directory, rules(by, groups, name))
    yield source
    await source.close()


@pytest.fixture
async def server() -> AsyncIterator[ScimServer]:
    async with a_scim_server() as found:
        yield found


def golden(name: str) -> dict[str, object]:
    found = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


# --- who it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "subject"),
    [("id", BARBARA), ("userName", "bjensen@example.com"), ("externalId", "701984"),
     (f"{ENTERPRISE}:employeeNumber", "701984")],
)  # fmt: skip
async def test_the_user_of_rfc_7643_8_3_is_read_however_it_is_found(
    server: ScimServer, by: str, subject: str
) -> None:
    server.users = [golden("rfc7643_8.3_enterprise_user"), a_user("other")]
    async with asking(server.url, by) as people:
        assert await people.is_enabled(subject) is True
        assert await people.groups(subject) == {"Tour Guides", "Employees", "US Employees"}
        assert await people.roles(subject) == frozenset()
        assert await people.attributes(subject) == {
            "department": "Tour Operations",
            "manager": "26118915-6090-4610-87e4-49d8ca9f808d",
            "family": "Jensen",
            "emails": ["bjensen@example.com", "babs@jensen.org"],
            "title": "Tour Guide",
            "login": "bjensen@example.com",
        }


async def test_only_what_is_read_is_asked_for(server: ScimServer) -> None:
    server.users = [a_user("alice")]
    async with asking(server.url) as people:
        await people.is_enabled("alice")
        await people.groups("alice")
        await people.roles("alice")
    assert [parameters["attributes"] for _, parameters in server.asked] == [
        "active", "groups", "roles",
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["id", "userName"])
async def test_an_unknown_user_is_unknown(server: ScimServer, by: str) -> None:
    server.users = [a_user("alice")]
    async with asking(server.url, by) as people:
        assert await people.is_enabled("bob") is None


async def test_the_not_found_of_rfc_7644_3_12_is_an_unknown_user(server: ScimServer) -> None:
    async def fault(_: Request) -> Response:
        body = golden("rfc7644_3.12_not_found")
        return JSONResponse(body, 404, media_type="application/scim+json")

    server.fault = fault
    async with asking(server.url) as people:
        assert await people.is_enabled(BARBARA) is None


@pytest.mark.parametrize(("active", "enabled"), [(True, True), (False, False), (None, True)])
async def test_active_says_who_is_enabled_and_absent_is_enabled(
    server: ScimServer, active: bool | None, enabled: bool
) -> None:
    server.users = [a_user("alice") if active is None else a_user("alice", active=active)]
    for by in ("id", "userName"):
        async with asking(server.url, by) as people:
            assert await people.is_enabled("alice") is enabled


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize("active", ["true", "True", 1, 0, "", [], {}])
async def test_any_other_active_is_an_error(server: ScimServer, active: object) -> None:
    server.users = [a_user("alice", active=active)]
    async with asking(server.url) as people:
        with pytest.raises(DependencyUnavailableError) as failed:
            await people.is_enabled("alice")
    assert failed.value.detail == "`active` is not a boolean"


async def test_user_names_that_differ_by_case_are_two_users(server: ScimServer) -> None:
    server.users = [a_user("1", userName="Alice")]
    async with asking(server.url, "userName") as people:
        assert await people.is_enabled("Alice") is True
        assert await people.is_enabled("alice") is None


async def test_two_users_of_one_name_are_none(server: ScimServer) -> None:
    server.users = [a_user("1", externalId="x"), a_user("2", externalId="x")]
    async with asking(server.url, "externalId") as people:
        with pytest.raises(DependencyUnavailableError, match="people") as failed:
            await people.is_enabled("x")
    assert failed.value.detail == "more than one user is called so"


async def test_the_list_of_rfc_7644_3_4_2_is_two_users(server: ScimServer) -> None:
    async def fault(_: Request) -> Response:
        return JSONResponse(golden("rfc7644_3.4.2_list"), media_type="application/scim+json")

    server.fault = fault
    async with asking(server.url, "userName") as people:
        with pytest.raises(DependencyUnavailableError) as failed:
            await people.is_enabled("bjensen")
    assert failed.value.detail == "more than one user is called so"


# --- hostile subjects ---------------------------------------------------------------------------


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS)
async def test_a_hostile_subject_is_one_value_of_the_path(server: ScimServer, subject: str) -> None:
    server.users = [a_user("alice", active=True), a_user(subject, active=False)]
    async with asking(server.url) as people:
        assert await people.is_enabled(subject) is False
    assert [path for path, _ in server.asked] == [f"Users/{subject}"]
    assert server.seen[0].scope["raw_path"] == f"/scim/v2/Users/{quote(subject, safe='')}".encode()


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("by", ["userName", "externalId"])
@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS)
async def test_a_hostile_subject_is_one_value_of_the_filter(
    server: ScimServer, by: str, subject: str
) -> None:
    server.users = [a_user("1", **{by: subject}, active=False), a_user("2", active=True)]
    async with asking(server.url, by) as people:
        assert await people.is_enabled(subject) is False
    [(path, parameters)] = server.asked
    assert path == "Users"
    name, _, value = parameters["filter"].partition(" eq ")
    assert (name, json.loads(value)) == (by, subject)


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS)
async def test_a_hostile_id_is_one_value_of_the_filter_of_groups(
    server: ScimServer, subject: str
) -> None:
    server.groups = [
        {"id": "g1", "displayName": "mine", "members": [{"value": subject}]},
        {"id": "g2", "displayName": "others", "members": [{"value": "alice"}]},
    ]
    async with asking(server.url, groups=None) as people:
        assert await people.groups(subject) == {"mine"}


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("subject", ["", ".", "..", "x" * 1025, "x" * 1_000_000, "a\ud800b"])
async def test_nobody_is_asked_about_what_can_be_no_value_of_a_url(
    server: ScimServer, subject: str
) -> None:
    for by in ("id", "userName"):
        async with asking(server.url, by) as people:
            assert await people.is_enabled(subject) is None
            for part in (people.groups, people.roles, people.attributes):
                with pytest.raises(DependencyUnavailableError):
                    await part(subject)
    async with asking(server.url, groups=None) as people:
        with pytest.raises(DependencyUnavailableError):
            await people.groups(subject)
    assert server.seen == []


@pytest.mark.catalogue("I5")
async def test_an_answer_about_another_user_is_none(server: ScimServer) -> None:
    async def fault(_: Request) -> Response:
        return JSONResponse(a_user("admin", active=True, groups=[{"display": "admins"}]))

    server.fault = fault
    async with asking(server.url) as people:
        for question in (people.is_enabled, people.groups, people.attributes):
            with pytest.raises(DependencyUnavailableError) as failed:
                await question("alice")
            assert failed.value.detail == "the answer is about another user"


@pytest.mark.catalogue("I5")
async def test_a_filter_that_the_server_ignores_finds_nobody(server: ScimServer) -> None:
    async def fault(_: Request) -> Response:
        body = {"schemas": [LIST], "totalResults": 1, "Resources": [a_user("1", userName="admin")]}
        return JSONResponse(body)

    server.fault = fault
    async with asking(server.url, "userName") as people:
        assert await people.is_enabled("alice") is None
        with pytest.raises(DependencyUnavailableError):
            await people.groups("alice")


# --- groups and roles ---------------------------------------------------------------------------


async def test_roles_are_values_and_unassigned_is_none(server: ScimServer) -> None:
    server.users = [a_user("alice", roles=[{"value": "auditor", "primary": True}]),
                    a_user("bob", roles=None)]  # fmt: skip
    async with asking(server.url) as people:
        assert await people.roles("alice") == {"auditor"}
        assert await people.roles("bob") == frozenset()


async def test_the_group_of_rfc_7643_8_4_is_found_by_its_member(server: ScimServer) -> None:
    server.users = [golden("rfc7643_8.3_enterprise_user")]
    server.groups = [golden("rfc7643_8.4_group"), {"id": "x", "displayName": "Others"}]
    async with asking(server.url, "userName", groups=None) as people:
        assert await people.groups("bjensen@example.com") == {"Tour Guides"}
    async with asking(server.url, groups=None, name="id") as people:
        assert await people.groups(BARBARA) == {"e9e30dba-f08f-4109-8486-d5c6a331660a"}


@pytest.mark.parametrize("per_page", [1, 7, 100])
async def test_groups_come_in_pages_of_any_size(server: ScimServer, per_page: int) -> None:
    server.most_per_page = per_page
    server.groups = [
        {"id": f"g{n}", "displayName": f"group {n}", "members": [{"value": "alice"}]}
        for n in range(15)
    ]
    async with asking(server.url, groups=None) as people:
        assert await people.groups("alice") == {f"group {n}" for n in range(15)}
    assert len(server.asked) == -(-15 // per_page)


@pytest.mark.catalogue("I7")
async def test_too_many_groups_and_an_empty_page_are_errors(server: ScimServer) -> None:
    totals = [MOST_GROUPS + 1, 3, 0]

    async def fault(_: Request) -> Response:
        return JSONResponse({"schemas": [LIST], "totalResults": totals.pop(0), "Resources": []})

    server.fault = fault
    async with asking(server.url, groups=None) as people:
        for _ in range(2):
            with pytest.raises(DependencyUnavailableError):
                await people.groups("alice")
        assert await people.groups("alice") == frozenset()


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize(
    "groups",
    ["finance", ["finance"], [{"value": "g1"}], [{"display": 7}], [{"display": ""}], {}, [None]],
)
async def test_groups_of_the_wrong_shape_are_an_error(server: ScimServer, groups: object) -> None:
    server.users = [a_user("alice", groups=groups)]
    async with asking(server.url) as people:
        with pytest.raises(DependencyUnavailableError):
            await people.groups("alice")


async def test_members_have_no_case_and_may_not_be_there_twice(server: ScimServer) -> None:
    server.users = [a_user("alice", Active=False), a_user("bob", active=True, ACTIVE=False)]
    async with asking(server.url) as people:
        assert await people.is_enabled("alice") is False
        with pytest.raises(DependencyUnavailableError) as failed:
            await people.is_enabled("bob")
    assert failed.value.detail == "`active` is there more than once, by case"


# --- credentials --------------------------------------------------------------------------------


async def test_credentials_are_sent_and_a_refusal_is_an_error(server: ScimServer) -> None:
    server.users = [a_user("alice")]
    server.authorization = "Basic " + base64.b64encode(b"deemster:pass").decode()
    async with asking(server.url, headers={"authorization": server.authorization}) as people:
        assert await people.is_enabled("alice") is True
    async with asking(server.url) as people:
        with pytest.raises(DependencyUnavailableError) as failed:
            await people.is_enabled("alice")
    assert failed.value.detail == "answered with status 401"


# --- bad days -----------------------------------------------------------------------------------

FAULTS = (
    "error", "busy", "created", "redirect", "garbage", "cut-json", "duplicate", "nan", "deep",
    "large", "text", "gzip", "cut", "nothing", "no-http", "two-lengths", "good",
)  # fmt: skip


@pytest.mark.catalogue("I3", "I7")
@pytest.mark.parametrize("by", ["id", "userName"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_answer_is_an_error_and_never_empty(by: str, fault: str) -> None:
    async with a_faulty_service() as service, asking(f"{service.url()}/{fault}", by) as people:
        for question in (people.is_enabled, people.groups, people.roles, people.attributes):
            with pytest.raises(DependencyUnavailableError):
                await question("alice")


@pytest.mark.catalogue("I3", "I7")
@pytest.mark.parametrize("fault", ["hang", "hang-in-body", "drip", "drip-headers"])
async def test_a_slow_answer_is_an_error_in_time(fault: str) -> None:
    async with (
        a_faulty_service() as service,
        asking(f"{service.url()}/{fault}", seconds=0.05) as people,
    ):
        with pytest.raises(DependencyUnavailableError) as failed:
            await people.is_enabled("alice")
    assert failed.value.detail == "did not answer in time"


@pytest.mark.catalogue("I5")
async def test_a_private_address_is_not_asked_unless_that_is_allowed(server: ScimServer) -> None:
    async with asking(server.url, allow_private=False) as people:
        with pytest.raises(DependencyUnavailableError) as failed:
            await people.is_enabled("alice")
    assert failed.value.detail == "its address is not one that may be called"
    assert server.seen == []


@pytest.mark.catalogue("I7")
async def test_a_page_of_html_is_no_unknown_user(server: ScimServer) -> None:
    async def fault(_: Request) -> Response:
        return Response("<html>", 404, media_type="text/html")

    server.fault = fault
    for by in ("id", "userName"):
        async with asking(server.url, by) as people:
            with pytest.raises(DependencyUnavailableError):
                await people.is_enabled("alice")


async def test_a_directory_that_is_down_is_left_alone_for_a_while() -> None:
    async with a_faulty_service() as service:
        async with asking(f"{service.url()}/error", failures=3) as people:
            for _ in range(10):
                with pytest.raises(DependencyUnavailableError):
                    await people.is_enabled("alice")
        assert len(service.received) == 3


# --- behind the resolver ------------------------------------------------------------------------


@pytest.mark.catalogue("I6")
async def test_two_hundred_users_at_once_get_each_their_own(server: ScimServer) -> None:
    names = [f"user-{n}" for n in range(200)]
    server.users = [
        a_user(name, active=n % 10 != 0, groups=[{"display": f"of {name}"}])
        for n, name in enumerate(names)
    ]

    async def told(resolver: UserResolver, name: str) -> object:
        try:
            user = await resolver.resolve("idp", name)
            user = await resolver.fetch("idp", user, frozenset({UserPart.GROUPS}))
        except TokenRejectedError as refused:
            return refused.reason
        return user.groups

    async with asking(server.url, seconds=60.0) as people:
        resolver = UserResolver({"idp": people}, clock=FrozenClock(), timeout=60.0)
        found = await asyncio.gather(*[told(resolver, name) for name in names])
    assert found == [
        Reason.USER_DISABLED if n % 10 == 0 else frozenset({f"of {name}"})
        for n, name in enumerate(names)
    ]
