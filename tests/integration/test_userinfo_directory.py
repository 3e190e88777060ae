"""An issuer's UserInfo endpoint as a directory, asked with each user's own token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from deemster.errors import DependencyUnavailableError
from deemster.model.decision import Decision, Reason
from deemster.model.identity import Confirmation, Credential, UserPart
from deemster.outgoing.http_service import HttpService
from deemster.usercontext.mapping import MemberPath, UserMapping
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.source import Presented
from deemster.usercontext.userinfo import UserinfoSource
from deemster.usercontext.userinfo_discovery import DiscoveredEndpoint
from tests.support.clock import FrozenClock
from tests.support.directories_over_http import a_service_at, an_asked_directory
from tests.support.faulty_service import a_faulty_service
from tests.support.hostile_subjects import HOSTILE_SUBJECTS
from tests.support.points import a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

MAPPING = UserMapping(
    groups=MemberPath(("groups",)),
    roles=MemberPath(("roles",), optional=True),
    attributes=(("mail", MemberPath(("email",))),),
)


@dataclass
class Issuer:
    """A UserInfo endpoint that answers by the token: `documents` are bodies by token."""

    documents: dict[str, object] = field(default_factory=dict)
    metadata: dict[str, object] = field(default_factory=dict)
    media_type: str = "application/json"
    targets: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        target = head[0].split(" ")[1]
        self.targets.append(target)
        sent = [line[22:] for line in head if line.lower().startswith("authorization: bearer ")]
        self.tokens.extend(sent)
        found: object = self.metadata if "well-known" in target else None
        if found is None:
            found = self.documents.get(sent[0] if len(sent) == 1 else "")
        status = "401 Unauthorized" if found is None else "200 OK"
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-type: {self.media_type}\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    found = Issuer()
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def resolving(
    url: str, clock: FrozenClock | None = None, *, seconds: float = 2.0, allow_private: bool = True
) -> AsyncIterator[UserResolver]:
    clock = clock or FrozenClock()
    service = a_service_at(url, clock, is_endpoint=True, allow_private=allow_private)
    source = UserinfoSource(an_asked_directory(service, clock, timeout=seconds), MAPPING)
    resolver = UserResolver({}, token_sources={"idp": source}, clock=clock, timeout=seconds)
    yield resolver
    await resolver.close()


def presented(sub: str, token: str, scheme: str = "bearer", **claims: object) -> Presented:
    return Presented(some_claims(sub, **claims), Credential(scheme, token))  # type: ignore[arg-type]


async def refused(asking: Awaitable[object]) -> str:
    with pytest.raises(DependencyUnavailableError) as failed:
        await asking
    return failed.value.detail


async def test_the_user_is_asked_about_with_the_users_own_token(issuer: Issuer) -> None:
    issuer.documents["tok-a"] = {"sub": "alice", "groups": ["finance"], "email": "a@example.com"}
    shown = presented("alice", "tok-a")
    async with resolving(f"{issuer.url}/oidc/me/") as resolver:
        user = await resolver.resolve("idp", "alice", shown)
        user = await resolver.fetch("idp", user, frozenset(UserPart), shown)
    assert user.groups == frozenset({"finance"})
    assert user.roles == frozenset()
    assert user.attributes == {"mail": "a@example.com"}
    # One answer tells it all.
    assert issuer.tokens == ["tok-a"]
    assert issuer.targets == ["/oidc/me/"]


@pytest.mark.catalogue("I7")
async def test_a_part_that_the_answer_does_not_tell_is_an_error_when_it_is_read(
    issuer: Issuer,
) -> None:
    issuer.documents["tok-a"] = {"sub": "alice", "groups": "finance", "email": "a@example.com"}
    shown = presented("alice", "tok-a")
    async with resolving(issuer.url) as resolver:
        user = await resolver.resolve("idp", "alice", shown)
        user = await resolver.fetch("idp", user, frozenset(UserPart), shown)
    assert isinstance(user.groups, DependencyUnavailableError)
    assert user.groups.detail == "`groups` is not a list of strings"
    assert user.attributes == {"mail": "a@example.com"}
    assert len(issuer.tokens) == 2


async def test_what_is_known_is_not_asked_for_again_whoever_asks(issuer: Issuer) -> None:
    issuer.documents["tok-a"] = {"sub": "alice", "groups": []}
    async with resolving(issuer.url) as resolver:
        await resolver.resolve("idp", "alice", presented("alice", "tok-a"))
        assert resolver.recall("idp", "alice") is not None
        assert resolver.recall("idp", "bob") is None
    assert len(issuer.tokens) == 1


@pytest.mark.catalogue("I5", "I6")
@pytest.mark.parametrize("sub", ["bob", "Alice", "alice ", "", None, ["alice"], {"alice": 1}, 1])
async def test_an_answer_about_another_sub_is_an_error(issuer: Issuer, sub: object) -> None:
    issuer.documents["tok-a"] = {"sub": sub, "groups": ["admins"]}
    async with resolving(issuer.url) as resolver:
        detail = await refused(resolver.resolve("idp", "alice", presented("alice", "tok-a")))
        assert detail == "the answer is not about the token's `sub`"
        assert resolver.recall("idp", "alice") is None


@pytest.mark.catalogue("I6")
async def test_no_token_fills_what_is_kept_of_another_subject(issuer: Issuer) -> None:
    """A key that is not the `sub` (`userClaim: email`) is refused before anything is asked."""
    issuer.documents["tok-b"] = {"sub": "bob", "groups": ["admins"]}
    async with resolving(issuer.url) as resolver:
        detail = await refused(resolver.resolve("idp", "alice", presented("bob", "tok-b")))
        assert detail == "the directory's key is not the token's `sub`"
    assert issuer.tokens == []


@pytest.mark.catalogue("I6")
async def test_a_refused_token_does_not_answer_for_another_of_the_same_user(
    issuer: Issuer,
) -> None:
    issuer.documents["good"] = {"sub": "alice", "groups": ["finance"]}
    async with resolving(issuer.url) as resolver:
        found = await asyncio.gather(
            *[
                resolver.resolve("idp", "alice", presented("alice", token))
                for token in ("revoked", "good")
            ],
            return_exceptions=True,
        )
    assert isinstance(found[0], DependencyUnavailableError)
    assert found[0].detail == "refused the token: status 401"
    assert not isinstance(found[1], BaseException)


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS)
async def test_a_hostile_subject_reaches_no_url(issuer: Issuer, subject: str) -> None:
    issuer.documents["t"] = {"sub": subject, "groups": []}
    async with resolving(f"{issuer.url}/me") as resolver:
        await resolver.resolve("idp", subject, presented(subject, "t"))
    assert issuer.targets == ["/me"]


@pytest.mark.parametrize("scheme", ["dpop", "bearer"])
async def test_a_token_that_is_bound_is_not_passed_on(issuer: Issuer, scheme: str) -> None:
    shown = presented("alice", "tok-a", scheme)
    if scheme == "bearer":
        bound = Confirmation(certificate_thumbprint="x" * 43)
        claims = msgspec.structs.replace(shown.claims, confirmation=bound)
        shown = replace(shown, claims=claims)
    async with resolving(issuer.url) as resolver:
        detail = await refused(resolver.resolve("idp", "alice", shown))
        assert detail == "a token that is bound to its sender cannot be passed on"
    assert issuer.tokens == []


async def test_without_a_token_nobody_is_asked(issuer: Issuer) -> None:
    async with resolving(issuer.url) as resolver:
        detail = await refused(resolver.resolve("idp", "alice"))
    assert detail == "nobody showed a token to ask with"


async def test_signed_and_encrypted_answers_are_refused_by_name(issuer: Issuer) -> None:
    issuer.media_type = "application/jwt"
    issuer.documents["tok-a"] = b"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
    async with resolving(issuer.url) as resolver:
        detail = await refused(resolver.resolve("idp", "alice", presented("alice", "tok-a")))
    assert detail == "answered a signed or encrypted `application/jwt`, which is not taken"


FAULTS = (
    "error", "busy", "missing", "created", "redirect", "garbage", "cut-json", "duplicate", "nan",
    "deep", "large", "text", "gzip", "cut", "nothing", "no-http", "two-lengths", "good", "hang",
    "hang-in-body", "drip", "drip-headers",
)  # fmt: skip


@pytest.mark.catalogue("I3", "I7")
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_answer_is_an_error_and_never_empty(fault: str) -> None:
    seconds = 0.05 if fault.startswith(("hang", "drip")) else 2.0
    async with (
        a_faulty_service() as service,
        resolving(f"{service.url()}/{fault}", seconds=seconds) as resolver,
    ):
        await refused(resolver.resolve("idp", "alice", presented("alice", "tok-a")))
    # No redirect is followed, so the token goes to nobody else.
    assert len(service.received) == 1


@pytest.mark.catalogue("I4", "I5")
async def test_a_private_address_gets_no_token(issuer: Issuer) -> None:
    async with resolving(issuer.url, allow_private=False) as resolver:
        detail = await refused(resolver.resolve("idp", "alice", presented("alice", "tok-a")))
    assert detail == "its address is not one that may be called"
    assert issuer.tokens == []


# --- discovery ----------------------------------------------------------------------------------


@asynccontextmanager
async def discovering(
    issuer: Issuer, clock: FrozenClock
) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    def endpoint(url: str) -> HttpService:
        return a_service_at(url, clock, is_endpoint=True)

    service = DiscoveredEndpoint(
        issuer.url, a_service_at(issuer.url, clock), open_endpoint=endpoint, clock=clock
    )
    asked = an_asked_directory(service, clock)
    source = UserinfoSource(asked, MAPPING)
    shown = presented("alice", "tok-a")
    yield lambda: source.presented_with(shown).groups("alice")
    await source.close()


async def test_the_endpoint_is_the_one_that_the_issuer_names(issuer: Issuer) -> None:
    issuer.metadata = {"issuer": issuer.url, "userinfo_endpoint": f"{issuer.url}/me"}
    issuer.documents["tok-a"] = {"sub": "alice", "groups": ["finance"]}
    clock = FrozenClock()
    async with discovering(issuer, clock) as groups:
        assert await groups() == {"finance"}
        assert await groups() == {"finance"}
        assert issuer.targets == ["/.well-known/openid-configuration", "/me", "/me"]
        issuer.metadata["userinfo_endpoint"] = f"{issuer.url}/you"
        clock.advance(3600)
        assert await groups() == {"finance"}
    assert issuer.targets[3:] == ["/.well-known/openid-configuration", "/you"]
    assert issuer.tokens == ["tok-a"] * 3


@pytest.mark.catalogue("K5")
@pytest.mark.parametrize("named", ["{url}/", "https://127.0.0.1", "{url}.evil.example", ""])
async def test_metadata_of_another_issuer_are_not_used(issuer: Issuer, named: str) -> None:
    issuer.metadata = {
        "issuer": named.format(url=issuer.url),
        "userinfo_endpoint": f"{issuer.url}/me",
    }
    async with discovering(issuer, FrozenClock()) as groups:
        assert await refused(groups()) == "its metadata name another issuer"
    assert issuer.tokens == []


@pytest.mark.catalogue("K5")
@pytest.mark.parametrize(
    "url",
    ["http://other.example/me", "file:///etc/passwd", "//x/me", "{url}/me?a=b", "{url}/me#x",
     "https://user@x.example/me", "https://x.example:99999/me", "https://", "/me", 7, None],
)  # fmt: skip
async def test_an_endpoint_that_cannot_be_trusted_is_not_used(issuer: Issuer, url: object) -> None:
    shown = url.format(url=issuer.url) if isinstance(url, str) else url
    issuer.metadata = {"issuer": issuer.url, "userinfo_endpoint": shown}
    async with discovering(issuer, FrozenClock()) as groups:
        assert await refused(groups()) == "its metadata name no usable userinfo_endpoint"
    assert issuer.tokens == []


# --- through the decision point -----------------------------------------------------------------


async def test_decisions_are_made_of_what_each_users_token_may_see(issuer: Issuer) -> None:
    operations = (
        "operations:\n  - {id: read, match: {methods: [GET], path: /}, "
        "allow: {groups: {any: [finance]}}}\n"
    )
    names = [f"user-{n}" for n in range(40)]
    for n, name in enumerate(names):
        groups = ["finance"] if n % 2 else []
        issuer.documents[f"tok-{name}"] = {"sub": name, "groups": groups}
    point = a_point(
        {"shop.yaml": a_service(operations)},
        tokens={f"tok-{name}": some_claims(name) for name in [*names, "nobody"]},
    )

    async def decided(name: str) -> Decision:
        return await point.point.decide(a_call(token=f"tok-{name}"), a_caller())

    async with resolving(issuer.url) as resolver:
        point.point._fetching._users = resolver
        found = await asyncio.gather(*[decided(name) for name in names])
        assert [decision.permitted for decision in found] == [n % 2 == 1 for n in range(40)]
        refused_ = await decided("nobody")
        assert (refused_.permitted, refused_.reason) == (False, Reason.DEPENDENCY_UNAVAILABLE)
    assert sorted(set(issuer.tokens)) == sorted(f"tok-{name}" for name in [*names, "nobody"])
