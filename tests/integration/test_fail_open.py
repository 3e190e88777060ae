"""Every way in which systems of this kind have failed open, forced, and found closed.

The list is facts/security.md 1.11. Each test sends real calls through endpoint, decision point
and policy, or over a real socket, and shows first that the same call without the fault is
permitted.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.decisions.point import Deadlines
from deemster.errors import ConfigurationError, DependencyUnavailableError, PolicyError
from deemster.gateways.ext_authz_grpc import CHECK
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.attributes import FetchFailed
from deemster.model.clock import SystemClock
from deemster.model.decision import Effect, Statement
from deemster.model.identity import Credential, VerifiedClaims
from deemster.telemetry.service_log import build_service_log
from deemster.tokens.remote_keys import FetchedKeys, RemoteKeySet
from tests.support.attributes import FakeSources
from tests.support.both_legs import Replica, reason_of
from tests.support.clock import FrozenClock
from tests.support.doubles import Broken, FixedDecision, a_deny, a_permit
from tests.support.ext_authz import GrpcDesk, a_check_request
from tests.support.forward_auth_calls import fields_of
from tests.support.gateway_calls import SECRET, Desk, a_request_leg
from tests.support.grpc_channel import channel_to, say
from tests.support.keys import AUDIENCE, a_provider, key_document, minted, signing_key
from tests.support.points import FakeProvider, FakeUsers, a_point, some_claims
from tests.support.service import SECRET as SERVICE_SECRET
from tests.support.service import ServiceFolder, a_call, a_service_folder
from tests.support.stand import NO_ANSWER, Cursed, ask, listening, raw_call, told

PERMIT = "permit"
# Each operation permits alice; each would permit in error if what fails were passed over.
SHOP = {
    "shop.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: BizPro Invoices API
schema:
  user: {level: {type: int, default: 0}}
operations:
  - id: inside
    match: {methods: [GET], path: /inside}
    allow: {when: "!('outsiders' in user.groups)"}
  - id: void
    match: {methods: [GET], path: /void}
    allow: authenticated
    policies:
      - id: void
        combiningAlgorithm: deny-overrides
        rules:
          - {id: suspended, effect: deny, when: "user.level < 0"}
          - {id: others, effect: permit}
  - id: me
    match: {methods: [GET], path: /me}
    allow: authenticated
"""
}
MASKED = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: BizPro Invoices API
operations:
  - id: items
    match: {methods: [GET, HEAD], path: /items}
    allow: authenticated
"""
BLOCKED = {
    "shop.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: BizPro Invoices API
attributes:
  blocked:
    type: bool
    source: {http: {service: fraud, path: "/{claims.sub}", select: "$.blocked"}}
operations:
  - id: not-blocked
    match: {methods: [GET], path: /not-blocked}
    allow: {when: "!attr.blocked"}
  - id: deny-blocked
    match: {methods: [GET], path: /deny-blocked}
    allow: authenticated
    policies:
      - id: blocked
        combiningAlgorithm: deny-overrides
        rules:
          - {id: blocked, effect: deny, when: attr.blocked}
          - {id: others, effect: permit}
"""
}
BASE = "https://api.example.com/shop"
ALICE = FakeUsers({"alice": {"groups": ["staff"], "attributes": {"level": 3}}})
TOKENS: Mapping[str, VerifiedClaims | Exception] = {"t": some_claims()}


def call(path: str, **members: object) -> dict[str, object]:
    """The request leg for a path of the shop, with alice's token."""
    headers = [{"authorization": "Bearer t"}, {"host": "api.example.com"}]
    return a_request_leg(**{"url": f"{BASE}{path}", "headers": headers, **members})


def users_with(**parts: object) -> FakeUsers:
    return FakeUsers({"alice": {"groups": ["staff"], "attributes": {"level": 3}, **parts}})


class HangingProvider(FakeProvider):
    """Verifies nothing until `go` is set; `asked_once` tells that a call waits for it."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self.asked_once = asyncio.Event()
        self.go = asyncio.Event()

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        self.asked_once.set()
        await self.go.wait()
        return await super().verify(credential, audience=audience, now=now)


async def permitted_without_the_fault(path: str) -> None:
    point = a_point(SHOP, tokens=TOKENS, users=ALICE)
    assert await ask(Desk(point.point), call(path)) == PERMIT


# --- the evaluator ------------------------------------------------------------------------------


@pytest.mark.catalogue("F1")
async def test_f01_exception_in_the_evaluator() -> None:
    await permitted_without_the_fault("/void")
    fault = RuntimeError("a bug")
    point = a_point(SHOP, tokens=TOKENS, users=users_with(attributes=Cursed(fault)))
    assert await ask(Desk(point.point), call("/void")) == "503 internal-error"
    assert point.faults == [fault]


@pytest.mark.catalogue("F2")
@pytest.mark.parametrize("late", ["token", "user", "whole"])
async def test_f02_timeout(late: str) -> None:
    await permitted_without_the_fault("/inside")
    expected = "503 dependency-unavailable"
    if late == "token":
        point = a_point(SHOP, provider=HangingProvider(), deadlines=Deadlines(token=0.01))
    elif late == "user":

        class SlowUsers(FakeUsers):
            async def is_enabled(self, subject: str) -> bool | None:
                await asyncio.Event().wait()
                return True

        point = a_point(SHOP, tokens=TOKENS, users=SlowUsers(), deadlines=Deadlines(user=0.01))
    else:
        # Everything answered, and the answer was permit; but it came after the deadline.
        class LateUsers(FakeUsers):
            async def groups(self, subject: str) -> frozenset[str]:
                point.clock.advance(2.0)
                return await super().groups(subject)

        point = a_point(SHOP, tokens=TOKENS, users=LateUsers(ALICE.users))
        expected = "503 deadline-exceeded"
    assert await ask(Desk(point.point), call("/inside")) == expected


@pytest.mark.catalogue("F3")
async def test_f03_cancelled_task() -> None:
    provider = HangingProvider()
    desk = Desk(a_point(SHOP, provider=provider, users=ALICE).point)
    async with listening(desk.endpoint) as listener:
        reader, writer = await asyncio.open_connection(listener.address.host, listener.address.port)
        writer.write(raw_call(call("/me")))
        await provider.asked_once.wait()
        (task,) = [one for one in asyncio.all_tasks() if "run_asgi" in str(one.get_coro())]
        task.cancel()
        # In the protocol's form, where uvicorn alone would answer 500.
        assert told(await reader.read()) == "error 400"
        writer.close()
        # A caller that gave up does not spoil the next call.
        provider.go.set()
        assert told(await listener.say(raw_call(call("/me")))) == PERMIT


@pytest.mark.catalogue("F4")
async def test_f04_memory_error() -> None:
    await permitted_without_the_fault("/void")
    point = a_point(SHOP, tokens=TOKENS, users=users_with(attributes=Cursed(MemoryError())))
    assert await ask(Desk(point.point), call("/void")) == "503 internal-error"
    assert [type(fault) for fault in point.faults] == [MemoryError]


@pytest.mark.catalogue("F5")
async def test_f05_recursion_error() -> None:
    await permitted_without_the_fault("/void")

    class Endless(Cursed):
        def __init__(self) -> None:
            super().__init__(RecursionError())

        def __getitem__(self, name: str) -> object:
            return self[name]

        def __contains__(self, name: object) -> bool:
            return name in self

    point = a_point(SHOP, tokens=TOKENS, users=users_with(attributes=Endless()))
    assert await ask(Desk(point.point), call("/void")) == "503 internal-error"
    assert [type(fault) for fault in point.faults] == [RecursionError]
    # What arrives from outside may nest as well: it is refused before anything follows it down.
    deep = b'{"access_token":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
    async with listening(Desk(point.point).endpoint) as listener:
        head = raw_call({}).replace(b"content-length: 2", b"content-length: %d" % len(deep))
        assert told(await listener.say(head[:-2] + deep)) == "error 400"


# --- policies that are not there, or not understood ---------------------------------------------


@pytest.mark.catalogue("F6")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="an empty folder"),
        pytest.param("", id="an empty file"),
        pytest.param(
            "apiVersion: deemster/v1\nkind: Library\nmetadata: {id: only}\n", id="no service"
        ),
    ],
)
async def test_f06_empty_policy_set(folder: ServiceFolder, text: str | None) -> None:
    assert await asked_of_the_service(folder) == PERMIT
    file = folder.path / "policies" / "orders.yaml"
    kept = file.read_text(encoding="utf-8")
    file.unlink()
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError):
        await asked_of_the_service(folder)
    # While the service runs: what served before serves on, and nothing more.
    file.write_text(kept, encoding="utf-8")
    app = build(folder)
    await app.startup()
    file.unlink()
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert await app.reload() is False
    assert await ask_app(app, a_call(folder.token())) == PERMIT
    assert await ask_app(app, a_call(folder.token(scope="none"))) == "403 scope-missing"
    await app.shutdown(5.0)


@pytest.mark.catalogue("F6")
@pytest.mark.parametrize(
    "grant",
    [
        pytest.param("allow: {}", id="no line"),
        pytest.param("allow: {scopes: {any: []}}", id="any of nothing"),
        pytest.param("allow: {groups: {all: []}}", id="all of nothing"),
        pytest.param("policies: []", id="no policy"),
        pytest.param("otherwise: {code: x, message: x}", id="no grant at all"),
    ],
)
async def test_f06_an_operation_that_grants_by_nothing_does_not_load(
    folder: ServiceFolder, grant: str
) -> None:
    with pytest.raises(PolicyError):
        await asked_of_the_service(folder, orders_with(grant))


@pytest.mark.catalogue("F7")
@pytest.mark.parametrize("effect", ["permit", True, 1, None, "PERMIT", Effect], ids=repr)
async def test_f07_unknown_effect(effect: object) -> None:
    assert await ask(Desk(FixedDecision(a_permit())), call("/me")) == PERMIT
    answer = await ask(Desk(FixedDecision(a_permit(effect=effect))), call("/me"))
    assert answer == "503 internal-error"


@pytest.mark.catalogue("F7")
@pytest.mark.parametrize("method", ["PURGE", "get", "GET2", "ANY", "*"])
async def test_f07_unknown_action(method: str) -> None:
    point = a_point(SHOP, tokens=TOKENS, users=ALICE)
    assert await ask(Desk(point.point), call("/me")) == PERMIT
    answer = await ask(Desk(point.point), call("/me", method=method))
    assert answer == "403 no-operation"


@pytest.mark.catalogue("F7")
@pytest.mark.parametrize("effect", ["allow", "Permit", "true", "PERMIT"])
async def test_f07_a_rule_with_an_unknown_effect_does_not_load(
    folder: ServiceFolder, effect: str
) -> None:
    rules = f"{{id: p, combiningAlgorithm: deny-overrides, rules: [{{id: r, effect: {effect}}}]}}"
    with pytest.raises(PolicyError):
        await asked_of_the_service(folder, orders_with(f"policies: [{rules}]"))


@pytest.mark.catalogue("F8")
async def test_f08_unknown_statement() -> None:
    assert await ask(Desk(FixedDecision(a_permit())), call("/me")) == PERMIT
    unknown = Statement(id="s", code="unknown", payload={}, obligatory=True)
    desk = Desk(FixedDecision(a_permit(statements=(unknown,))))
    assert await ask(desk, call("/me")) == "403 statement-not-possible"


@pytest.mark.catalogue("F8")
async def test_f08_a_policy_asks_for_what_the_gateway_cannot_carry_out(
    folder: ServiceFolder,
) -> None:
    notify = "{code: notify-owner, appliesTo: permit, obligatory: true, payload: {}}"

    def notifying(text: str) -> str:
        asked = text.replace("  - id: health", "    attach: [notify]\n  - id: health")
        return f"{asked}statements: {{notify: {notify}}}\n"

    assert await asked_of_the_service(folder) == PERMIT
    assert await asked_of_the_service(folder, notifying) == "403 statement-not-possible"


@pytest.mark.catalogue("F8")
async def test_f08_what_is_due_on_the_answer_is_lost_forged_or_of_another_call() -> None:
    mask = "{code: exclude-attributes, appliesTo: permit, obligatory: true, payload: [$.iban]}"
    text = MASKED + f"statements: {{mask: {mask}}}\n"
    replica = Replica({"shop.yaml": text.replace("allow:", "attach: [mask]\n    allow:")})
    permitted = await replica.asked()
    assert (await replica.shown(permitted))["body"] == '{"id":1}'
    spoilt = str(permitted["state"]).replace("..", "..A")
    for state in (..., None, "", spoilt, permitted["state"]):
        method = "HEAD" if state == permitted["state"] else "GET"
        answer = await replica.shown(permitted, state=state, method=method)
        assert reason_of(answer) == "state-rejected"


@pytest.mark.catalogue("F8")
async def test_f08_an_unknown_name_of_a_statement_does_not_load(folder: ServiceFolder) -> None:
    with pytest.raises(PolicyError) as refused:
        await asked_of_the_service(folder, orders_with("allow: public\n    attach: [mask]"))
    assert [found.code for found in refused.value.diagnostics.errors] == ["unknown-statement"]


@pytest.mark.catalogue("F9")
async def test_f09_directory_error_inside_a_negated_condition() -> None:
    await permitted_without_the_fault("/inside")
    outage = FakeUsers({"alice": {"groups": ["staff"]}}, broken=frozenset({"groups"}))
    point = a_point(SHOP, tokens=TOKENS, users=outage)
    assert await ask(Desk(point.point), call("/inside")) == "503 dependency-unavailable"
    # A deny rule in error must not be passed over either.
    await permitted_without_the_fault("/void")
    outage = FakeUsers({"alice": {}}, broken=frozenset({"attributes"}))
    point = a_point(SHOP, tokens=TOKENS, users=outage)
    assert await ask(Desk(point.point), call("/void")) == "503 dependency-unavailable"


@pytest.mark.catalogue("F9")
@pytest.mark.parametrize(
    "fault",
    [FetchFailed("status 500"), {}, {"blocked": None}, {"blocked": "no"}, Cursed(MemoryError())],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("path", ["/not-blocked", "/deny-blocked"])
async def test_f09_attribute_source_error_inside_a_negated_condition(
    path: str, fault: object
) -> None:
    def point(document: object) -> Desk:
        sources = FakeSources({"blocked": document})
        return Desk(a_point(BLOCKED, tokens=TOKENS, users=ALICE, attributes=sources).point)

    assert await ask(point({"blocked": False}), call(path)) == PERMIT
    told_reason = await ask(point(fault), call(path))
    assert told_reason.split()[-1] in {
        "dependency-unavailable",
        "attribute-missing",
        "indeterminate",
        "internal-error",
    }


@pytest.mark.catalogue("F10")
@pytest.mark.parametrize("answers", [None, "permit", True, {}, {"effect": "permit"}, 1], ids=repr)
async def test_f10_null_as_a_decision(answers: object) -> None:
    assert await ask(Desk(Broken(answers=answers)), call("/me")) == "503 internal-error"


@pytest.mark.catalogue("F10")
@pytest.mark.parametrize("member", ["access_token", "headers", "body", "method", "url"])
async def test_f10_null_as_a_member_of_the_call(member: str) -> None:
    desk = Desk(a_point(SHOP, tokens=TOKENS, users=ALICE).point)
    assert await ask(desk, call("/me", **{member: None})) == "error 400"


@pytest.mark.catalogue("F10")
@pytest.mark.parametrize("body", [None, [], "permit", True, 0], ids=repr)
async def test_f10_a_body_that_is_no_object(body: object) -> None:
    desk = Desk(a_point(SHOP, tokens=TOKENS, users=ALICE).point)
    assert await ask(desk, body) == "error 400"


@pytest.mark.catalogue("F11")
@pytest.mark.parametrize("fault", ["garbage", "empty", "stranger", "version", "raises", "none"])
async def test_f11_a_grpc_error_or_an_empty_answer_opens_envoy(fault: str) -> None:
    good = a_check_request(path="/shop/me", fields={"authorization": "Bearer t"})
    point = a_point(SHOP, tokens=TOKENS, users=ALICE).point
    async with channel_to(GrpcDesk(point)) as channel:
        assert (await say(channel, good)).opens
    broken = {"raises": Broken(raises=RuntimeError()), "none": Broken(answers=None)}
    message = {"garbage": b"\xff", "empty": b""}.get(fault, good)
    secret = "wrong" if fault == "stranger" else SECRET
    method = "/envoy.service.auth.v2.Authorization/Check" if fault == "version" else CHECK
    async with channel_to(GrpcDesk(broken.get(fault, point))) as channel:
        # Raises for any status but OK.
        answer = await say(channel, message, secret=secret, method=method)
    assert not answer.opens
    assert answer.status >= 400


# --- shortcuts ----------------------------------------------------------------------------------


FAULTS = [
    pytest.param(lambda call: call, FixedDecision(a_deny()), id="a deny"),
    pytest.param(lambda call: call, Broken(raises=RuntimeError("x")), id="a fault"),
    pytest.param(lambda call: call, Broken(answers=None), id="no decision"),
    pytest.param(lambda call: call.replace(SECRET.encode(), b"x" * 40), None, id="a stranger"),
    pytest.param(lambda call: call.replace(b"client-token", b"x-token"), None, id="no secret"),
    pytest.param(lambda call: call.replace(b"-uri: /", b"-url: /"), None, id="no URI"),
    pytest.param(lambda call: call.replace(b"-uri: /", b"-uri: "), None, id="no path"),
    pytest.param(lambda call: call.replace(b"GET", b"HEAD", 1), None, id="HEAD"),
    pytest.param(lambda call: call.replace(b"GET", b"OPTIONS", 1), None, id="OPTIONS"),
    pytest.param(lambda call: call.replace(b"GET /forward-auth/", b"GET /"), None, id="other path"),
    pytest.param(lambda call: call.replace(b" HTTP/1.1", b"/ HTTP/1.1", 1), None, id="slash"),
    pytest.param(lambda call: call.replace(b"/forward-auth/", b"//forward-auth/"), None, id="//"),
    pytest.param(lambda call: re.sub(rb"^GET \S+", b"GET /live", call), None, id="/live"),
    pytest.param(lambda call: re.sub(rb"^GET \S+", b"GET /ready", call), None, id="/ready"),
    pytest.param(lambda call: re.sub(rb"^GET \S+", b"GET /", call), None, id="/"),
    pytest.param(lambda call: call.replace(b"HTTP/1.1", b"HTTP/9.9"), None, id="other version"),
    pytest.param(lambda call: call.replace(b"host", b"x: " + b"y" * 99_999), None, id="too large"),
    pytest.param(lambda call: call[: len(call) // 2], None, id="cut"),
]


@pytest.mark.catalogue("F12")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("spoil", "point"), FAULTS)
async def test_f12_any_2xx_opens_a_forward_auth_gateway(
    profile: str, spoil: Callable[[bytes], bytes], point: FixedDecision | Broken | None
) -> None:
    fields = [(b"host", b"pdp"), *fields_of(profile), (b"client-token", SECRET.encode())]
    head = f"GET /forward-auth/{profile} HTTP/1.1\r\n".encode()
    sent = head + b"".join(b"%b: %b\r\n" % field for field in fields) + b"connection: close\r\n\r\n"
    permitting = FixedDecision(a_permit())
    async with listening(Desk(permitting).endpoint) as listener:
        assert (await listener.say(sent)).startswith(b"HTTP/1.1 200 ")
    async with listening(Desk(point or permitting).endpoint) as listener:
        answer = await listener.say(spoil(sent))
        assert re.match(rb"HTTP/1.1 [45]\d\d ", answer) or answer == b""


@pytest.mark.catalogue("F13")
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
async def test_f13_head_and_options_shortcuts(method: str) -> None:
    point = a_point(SHOP, tokens=TOKENS, users=ALICE)
    assert await ask(Desk(point.point), call("/me")) == PERMIT
    assert await ask(Desk(point.point), call("/me", method=method)) == "403 no-operation"
    # A preflight too is policy's business.
    preflight = [{"origin": "https://x.example.com"}, {"access-control-request-method": "GET"}]
    answer = await ask(Desk(point.point), call("/me", method=method, headers=preflight))
    assert answer == "401 token-missing"
    # Nor does the endpoint itself answer them by success.
    async with listening(Desk(point.point).endpoint) as listener:
        sent = raw_call(call("/me")).replace(b"POST", method.encode(), 1)
        assert (await listener.say(sent)).startswith(b"HTTP/1.1 405 ")


@pytest.mark.catalogue("F14")
async def test_f14_health_path_equal_to_a_protected_path(folder: ServiceFolder) -> None:
    paths = ("/live", "/ready", "/metrics", "/version", "/sideband/request")
    text = "".join(
        f"  - {{id: p{number}, match: {{path: {path}}}, allow: {{scopes: {{any: [none]}}}}}}\n"
        for number, path in enumerate(paths)
    )
    file = folder.path / "policies" / "orders.yaml"
    kept = file.read_text(encoding="utf-8").replace("https://api.example.com/orders", "https://api")
    file.write_text(kept + text, encoding="utf-8")
    app = build(folder)
    await app.startup()
    try:
        for path in paths:
            asked = a_call(folder.token(), url=f"https://api{path}")
            assert await ask_app(app, asked) == "403 scope-missing"
            # The listener for decisions has no page of its own at any of them.
            transport = httpx.ASGITransport(app.decisions)
            async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
                found = await client.get(path, headers={"client-token": SERVICE_SECRET})
                assert found.status_code in {404, 405}
    finally:
        await app.shutdown(5.0)


# --- beginning and ending -----------------------------------------------------------------------


@pytest.mark.catalogue("F15")
async def test_f15_half_open_shutdown() -> None:
    provider = HangingProvider()
    desk = Desk(a_point(SHOP, provider=provider, users=ALICE).point)
    async with listening(desk.endpoint) as listener:
        said = asyncio.create_task(listener.say(raw_call(call("/me"))))
        await provider.asked_once.wait()
        # Still being decided when the time to finish is over: no answer at all, not half a one.
        await listener.server.stop(0.01)
        assert told(await said) == NO_ANSWER


@pytest.mark.catalogue("F15")
async def test_f15_an_ending_service_that_cannot_record_any_more_permits_nothing(
    folder: ServiceFolder,
) -> None:
    settings = folder.settings_file.read_text(encoding="utf-8").replace("drop", "block")
    folder.settings_file.write_text(settings, encoding="utf-8")
    app = build(folder)
    await app.startup()
    assert await ask_app(app, a_call(folder.token())) == PERMIT
    await app.shutdown(5.0)
    assert await ask_app(app, a_call(folder.token())) == "503 dependency-unavailable"


@pytest.mark.catalogue("F16")
async def test_f16_a_call_before_the_first_policy_load(folder: ServiceFolder) -> None:
    assert await asked_of_the_service(folder) == PERMIT
    app = build(folder)
    assert await ask_app(app, a_call(folder.token())) == "503 internal-error"
    assert app.status().ready is False
    await app.shutdown(5.0)


@pytest.mark.catalogue("F17")
async def test_f17_overload_shed_with_2xx() -> None:
    provider = HangingProvider()
    point = a_point(SHOP, provider=provider, users=ALICE)
    desk = Desk(point.point, limits=EndpointLimits(concurrency=1))
    first = asyncio.create_task(ask(desk, call("/me")))
    await provider.asked_once.wait()
    # HTTP 200, as sideband has it; but a deny, and one that says when to come back.
    transport = httpx.ASGITransport(desk.endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        answer = await client.post(
            "/sideband/request", json=call("/me"), headers={"client-token": SECRET}
        )
    assert told(answer) == "503 overloaded"
    assert {"retry-after": "1"} in answer.json()["response"]["headers"]
    provider.go.set()
    assert await first == PERMIT


# --- keys and flags -----------------------------------------------------------------------------


class Published:
    """A JWK set that may change, or go away."""

    def __init__(self, document: bytes) -> None:
        self.document: bytes | None = document

    async def fetch(self) -> FetchedKeys:
        if self.document is None:
            raise DependencyUnavailableError("the key server")
        return FetchedKeys(self.document)


@pytest.mark.catalogue("F18")
@pytest.mark.parametrize(
    ("left", "seconds", "expected"),
    [
        pytest.param("same", 700.0, PERMIT, id="the key is still published"),
        pytest.param("other", 700.0, "401 token-signature-invalid", id="the key is withdrawn"),
        pytest.param("none", 700.0, PERMIT, id="an outage, for a while"),
        pytest.param("none", 90_000.0, "503 dependency-unavailable", id="an outage for a day"),
    ],
)
async def test_f18_cached_permit_after_key_loss(left: str, seconds: float, expected: str) -> None:
    clock = FrozenClock()
    published = Published(key_document(signing_key()))
    keys = RemoteKeySet("keys", published, clock=clock)
    token = minted(exp=int(clock.wall()) + 200_000, aud=AUDIENCE)
    point = a_point(SHOP, provider=a_provider(id="idp", key_set=keys), users=ALICE)  # type: ignore[arg-type]
    desk = Desk(point.point)
    asked = call("/me", headers=[{"authorization": f"Bearer {token}"}])
    assert await ask(desk, asked) == PERMIT
    assert await ask(desk, asked) == PERMIT  # from the cache
    published.document = {
        "same": published.document,
        "other": key_document(signing_key("ES256", "two")),
        "none": None,
    }[left]
    for moved in (clock, point.clock):
        moved.advance(seconds)
    # The first call after the soft lifetime asks for the keys in the background.
    await ask(desk, asked)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await ask(desk, asked) == expected
    await keys.close()


@pytest.mark.catalogue("F19")
@pytest.mark.parametrize(
    ("found", "by"),
    [
        pytest.param(
            "decisions: {bind: 127.0.0.1:0}",
            "decisions: {bind: 0.0.0.0:0, plaintextBehind: mesh}",
            id="a development key off loopback",
        ),
        pytest.param(
            "decisions: {bind: 127.0.0.1:0}",
            "decisions: {bind: 0.0.0.0:0}",
            id="no TLS off loopback",
        ),
        pytest.param(
            "gateways:",
            "insecureAnonymousGateway: {protocols: [sideband], apiServices: [orders], "
            "asserts: [staff]}\ngateways:",
            id="an anonymous gateway that asserts claims",
        ),
    ],
)
async def test_f19_insecure_flag_left_on(folder: ServiceFolder, found: str, by: str) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    assert found in text
    folder.settings_file.write_text(text.replace(found, by, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        build(folder)


@pytest.mark.catalogue("F19")
async def test_f19_an_anonymous_gateway_is_told_everywhere_and_still_believed_nothing(
    folder: ServiceFolder,
) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    flag = 'insecureAnonymousGateway: {protocols: [sideband], apiServices: "*"}\ngateways:'
    folder.settings_file.write_text(text.replace("gateways:", flag, 1), encoding="utf-8")
    app = build(folder)
    await app.startup()
    assert "insecureAnonymousGateway" in app.status().insecure
    forged = {**a_call(), "access_token": {"sub": "alice", "aud": "orders", "scope": "orders.read"}}
    transport = httpx.ASGITransport(app.decisions)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        assert told(await client.post("/sideband/request", json=forged)) == "401 token-missing"
        # A wrong secret is not the same as none.
        wrong = {"client-token": "x" * 40}
        answer = await client.post("/sideband/request", json=a_call(), headers=wrong)
        assert told(answer) == "error 401"
    await app.shutdown(5.0)


# --- the server's own answers -------------------------------------------------------------------


@pytest.mark.catalogue("F20")
@pytest.mark.parametrize(
    "fault",
    [RuntimeError("bug"), MemoryError(), RecursionError(), UnicodeError("x"), OSError(5, "x")],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("part", ["point", "recorder"])
async def test_f20_a_servers_own_5xx(part: str, fault: Exception) -> None:
    class BrokenRecords:
        def record(self, **_record: object) -> None:
            raise fault

    desk = (
        Desk(Broken(raises=fault))
        if part == "point"
        else Desk(FixedDecision(a_permit()), BrokenRecords())
    )
    async with listening(desk.endpoint) as listener:
        assert told(await listener.say(raw_call(call("/me")))) == "503 internal-error"


@pytest.mark.catalogue("F20")
async def test_f20_a_cancellation_from_within_is_no_5xx_either() -> None:
    # Such as a look-up, shared by several calls, that somebody ended.
    desk = Desk(Broken(raises=asyncio.CancelledError()))
    async with listening(desk.endpoint) as listener:
        assert told(await listener.say(raw_call(call("/me")))) == "error 400"


@pytest.mark.catalogue("F20")
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="a TLS greeting"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"GET /\r\n\r\n", id="no version"),
        pytest.param(
            raw_call({}).replace(b"content-length: 2", b"content-length: x"), id="no length"
        ),
        pytest.param(
            raw_call({}).replace(b"host", b"transfer-encoding: chunked\r\nhost"), id="two lengths"
        ),
        pytest.param(
            raw_call({}).replace(b"host: pdp", b"x: " + b"y" * 20_000), id="large headers"
        ),
        pytest.param(raw_call({}).replace(SECRET.encode(), b"\xff" * 40), id="a secret in Latin-1"),
        pytest.param(raw_call({})[:-2] + b"\xff\xff", id="a body that is no UTF-8"),
    ],
)
async def test_f20_no_bytes_of_a_stranger_bring_about_a_5xx(sent: bytes) -> None:
    async with listening(Desk(FixedDecision(a_permit())).endpoint) as listener:
        assert re.match(rb"HTTP/1.1 4\d\d ", await listener.say(sent))
        assert told(await listener.say(raw_call(call("/me")))) == PERMIT


# --- that the list is whole ---------------------------------------------------------------------


@pytest.mark.parametrize("number", [f"F{number}" for number in range(1, 21)])
def test_every_entry_of_the_list_is_tested_or_says_why_not(number: str) -> None:
    prefix = f"test_f{int(number[1:]):02}_"
    tested = any(name.startswith(prefix) for name in vars(sys.modules[__name__]))
    excused = f"| {number} |" in (__doc__ or "")
    assert tested != excused


# --- the service from its settings --------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    return a_service_folder(tmp_path)


def orders_with(grant: str) -> Callable[[str], str]:
    """The tree with another grant in the place of `allow: public`."""
    return lambda text: text.replace("allow: public", grant)


def build(folder: ServiceFolder) -> Application:
    clock = SystemClock()
    return build_application(
        folder.settings(), clock=clock, log=build_service_log(sys.stderr, clock)
    )


async def ask_app(app: Application, body: Mapping[str, object]) -> str:
    transport = httpx.ASGITransport(app.decisions)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        headers = {"client-token": SERVICE_SECRET}
        return told(await client.post("/sideband/request", json=body, headers=headers))


async def asked_of_the_service(
    folder: ServiceFolder, change: Callable[[str], str] = lambda text: text
) -> str:
    """Start the service on the folder, ask as alice, end it. Raises what its start raises."""
    file = folder.path / "policies" / "orders.yaml"
    if file.exists():
        text = file.read_text(encoding="utf-8")
        file.write_text(change(text), encoding="utf-8")
    app = build(folder)
    try:
        await app.startup()
        return await ask_app(app, a_call(folder.token()))
    finally:
        await app.shutdown(5.0)
