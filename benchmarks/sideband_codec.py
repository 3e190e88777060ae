"""What the sideband codec and the endpoint cost in microseconds a call, without deciding.

    python -m benchmarks.sideband_codec

The body is one as Kong writes it, some 800 bytes. `endpoint` is the whole ASGI callable with a
decision point that answers at once and a recorder that drops. Each figure is the best of many
short rounds, so that a busy machine disturbs little.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import timeit
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from deemster.app.changes import StatementChanges
from deemster.gateways.adapter import WireRequest
from deemster.gateways.deciding import CallDecider, RecordedDecisions
from deemster.gateways.exchange import CallExchange
from deemster.gateways.http_endpoint import HttpEndpoint
from deemster.gateways.http_envelope import EndpointLimits, check_envelope
from deemster.gateways.pep_auth import GatewayCredentials, GatewaySecret, PepAuthenticator
from deemster.gateways.ping_sideband import PingSidebandRequestLeg
from deemster.gateways.strict_body import Census, hides_nothing
from deemster.model.clock import SystemClock
from deemster.model.decision import Challenge, Decision, Effect, Reason
from deemster.model.gateway import Gateway, GatewayCaller
from deemster.model.http import ApiCall
from deemster.model.strict_json import read_strict_json

ROUNDS = 150
CALLS = 500
SECRET = "benchmark-secret-0123456789-0123456789"  # noqa: S105 - made for this run

BODY = (
    json.dumps(
        {
            "source_port": "34100",
            "url": "https://api.example.com:443/billing/invoices/12/payments?page=2",
            "http_version": "1.1",
            "headers": [
                {"host": "api.example.com"},
                {"authorization": "Bearer " + "eyJhbGciOiJSUzI1NiJ9." + "a" * 320},
                {"accept": "application/json"},
                {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"},
                {"content-type": "application/json"},
                {"content-length": "24"},
                {"x-request-id": "5f0c1c52-2b3d-4f0a-9a53-0f0c9be2f6a7"},
            ],
            "body": '{"amount":250,"to":"me"}',
            "source_ip": "203.0.113.7",
            "method": "POST",
        },
        separators=(",", ":"),
    )
    .replace("/", "\\/")
    .encode()
)
HEADERS = [
    (b"content-length", b"%d" % len(BODY)),
    (b"host", b"127.0.0.1:8080"),
    (b"connection", b"Keep-Alive"),
    (b"user-agent", b"Kong/1.2.0"),
    (b"content-type", b"application/json"),
    (b"client-token", SECRET.encode()),
]
PATH = "/sideband/request"


def _nothing_is_kept(_kept: object, _call: ApiCall, _url: str) -> str:
    raise TypeError("no decision here keeps anything")


def main() -> None:
    """Print the table."""
    gateway = Gateway(id="kong", protocols=frozenset({"sideband"}), api_services=frozenset({"*"}))
    authenticator = PepAuthenticator(
        [
            GatewayCredentials(
                gateway, (GatewaySecret("k1", SECRET), GatewaySecret("k2", SECRET[1:]))
            )
        ],
        clock=SystemClock(),
    )
    adapter = PingSidebandRequestLeg(
        max_depth=64, changes=StatementChanges(), seal=_nothing_is_kept
    )
    limits = EndpointLimits(body_timeout=None)
    wire = WireRequest("POST", PATH, HEADERS, BODY)
    with_claims = BODY.replace(
        b'{"source_port"', b'{"access_token":{"sub":"alice","scope":["a:b"]},"source_port"'
    )
    call = adapter.decode(wire)
    permit = Decision(
        effect=Effect.PERMIT, reason=Reason.PERMITTED, decision_id="d" * 32, revision="r" * 16
    )
    deny = Decision(
        effect=Effect.DENY,
        reason=Reason.SCOPE_MISSING,
        decision_id="d" * 32,
        revision="r" * 16,
        challenge=Challenge(
            realm="https://api.example.com/billing/", error="insufficient_scope", scope="pay"
        ),
    )
    census = Census(13, BODY.count(b":") - 13)
    untyped = msgspec.json.Decoder()
    print(f"Python {sys.version.split()[0]}, msgspec {msgspec.__version__}, {len(BODY)} bytes")
    show("null: msgspec untyped decode", lambda: untyped.decode(BODY))
    show("null: SHA-256 of the secret", lambda: hashlib.sha256(HEADERS[-1][1]).digest())
    show("check_envelope", lambda: check_envelope(HEADERS, limits))
    show("authenticate, two secrets", lambda: authenticator.authenticate(HEADERS, "sideband"))
    show("hides_nothing (the pre-scan)", lambda: hides_nothing(BODY, census))
    show("decode", lambda: adapter.decode(wire))
    show("decode with claims", lambda: adapter.decode(WireRequest("POST", PATH, [], with_claims)))
    show("read_strict_json alone", lambda: read_strict_json(BODY, max_depth=64))
    show("encode permit", lambda: adapter.encode(call, permit))
    show("encode deny with challenge", lambda: adapter.encode(call, deny))
    show(
        "authenticate + decode + encode permit",
        lambda: (
            authenticator.authenticate(HEADERS, "sideband"),
            adapter.encode(adapter.decode(wire), permit),
        ),
    )
    show_endpoint("endpoint, permit", adapter, authenticator, permit, limits)
    show_endpoint("endpoint, deny", adapter, authenticator, deny, limits)
    show_endpoint("endpoint, permit, body timer", adapter, authenticator, permit, EndpointLimits())
    asyncio.run(show_null("null: ASGI, reads, decodes untyped, answers"))


def show(name: str, call: Callable[[], object]) -> None:
    """Time a synchronous call."""
    best = min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS
    print(f"{name:44} {best * 1e6:6.2f} us")


def show_endpoint(
    name: str,
    adapter: PingSidebandRequestLeg,
    authenticator: PepAuthenticator,
    decision: Decision,
    limits: EndpointLimits,
) -> None:
    """Time the ASGI callable."""

    async def decide(_call: ApiCall, _caller: GatewayCaller) -> Decision:
        return decision

    reports = _Silent()
    decisions = RecordedDecisions(
        recorder=reports,
        reports=reports,
        clock=SystemClock(),
        new_id=lambda: "id",
        concurrency=limits.concurrency,
    )
    endpoint = HttpEndpoint(
        exact={PATH: CallExchange(adapter, CallDecider(decide, decisions))},
        authenticator=authenticator,
        reports=reports,
        new_id=lambda: "id",
        limits=limits,
    )
    asyncio.run(show_asgi(name, endpoint))


async def show_null(name: str) -> None:
    """The null application of the issue: whole body, untyped decode, a constant of that size."""
    decoder = msgspec.json.Decoder()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]

    async def null(
        _scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        message = await receive()
        decoder.decode(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    await show_asgi(name, null)


async def show_asgi(name: str, endpoint: Callable[..., Awaitable[None]]) -> None:
    """Time any ASGI callable with a receive and a send that cost next to nothing."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": HEADERS,
    }
    message = {"type": "http.request", "body": BODY, "more_body": False}

    async def receive() -> MutableMapping[str, Any]:
        return message

    async def send(_message: MutableMapping[str, Any]) -> None:
        return None

    clock = SystemClock()
    best = float("inf")
    for _ in range(ROUNDS):
        started = clock.monotonic()
        for _ in range(CALLS):
            await endpoint(scope, receive, send)
        best = min(best, clock.monotonic() - started)
    print(f"{name:44} {best / CALLS * 1e6:6.2f} us")


class _Silent:
    def record(self, **_: object) -> None:
        return None

    def fault(self, fault: Exception, _told_id: str) -> None:
        raise fault

    def refused_call(self, _protocol: str, error: Exception, _told_id: str) -> None:
        raise error


if __name__ == "__main__":
    main()
