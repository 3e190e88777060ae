"""Introspection endpoints: one in the process, and one on loopback that can fail in many ways."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from deemster.model.clock import Clock
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.http_service import HttpService, ServiceUrl
from deemster.tokens.client_authentication import ClientAuthentication, ClientSecretBasic
from deemster.tokens.introspection import IntrospectingProvider
from deemster.tokens.introspection_endpoint import (
    EndpointPlace,
    FixedEndpoint,
    IntrospectionEndpoint,
)
from deemster.tokens.provider import ProviderKind
from tests.support.clock import FrozenClock
from tests.support.connections import until_it_ends
from tests.support.keys import ISSUER, claims_of

__all__ = [
    "FAULTS",
    "OPAQUE",
    "FaultyEndpoint",
    "InProcess",
    "Question",
    "a_faulty_endpoint",
    "active",
    "an_endpoint",
    "an_introspecting_provider",
]

OPAQUE = "2YotnFZFEjr1zCsicMWpAA"
"""RFC 6749's example of an access token."""


def active(subject: str | None = "alice", **changes: object) -> dict[str, object]:
    """A good answer at FROZEN_AT about a token for AUDIENCE; `...` leaves a member out."""
    members: dict[str, object] = {
        "active": True,
        "token_type": "Bearer",
        "username": "Alice",
        **claims_of(subject),
    }
    changed = {**members, **changes}
    return {name: value for name, value in changed.items() if value is not ...}


@dataclass(frozen=True, slots=True)
class Question:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str = field(repr=False)

    @property
    def form(self) -> dict[str, str]:
        """The parameters; each must be there once."""
        found = parse_qs(self.body, strict_parsing=True)
        assert all(len(values) == 1 for values in found.values())
        return {name: values[0] for name, values in found.items()}


class InProcess:
    """A transport that answers by token, and remembers what it was asked.

    `answer`, if set, is given to everybody: a response, an exception, or a function of a question.
    """

    def __init__(self, answers: Mapping[str, object] | None = None) -> None:
        self.answers: dict[str, object] = {OPAQUE: active(), **(answers or {})}
        self.answer: httpx.Response | Exception | Callable[[Question], httpx.Response] | None = None
        self.asked: list[Question] = []
        self.gate: asyncio.Event | None = None

    def transport(self) -> httpx.AsyncBaseTransport:
        """For HttpService."""
        return httpx.MockTransport(self._handle)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        answer = await self._answered(request)
        # A response with its content at hand cannot be streamed; one off the wire can.
        stream = httpx.ByteStream(answer.content)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        question = Question(
            request.method,
            request.url.raw_path.decode(),
            dict(request.headers),
            request.content.decode(),
        )
        self.asked.append(question)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, httpx.Response):
            return self.answer
        if self.answer is not None:
            return self.answer(question)
        found = self.answers.get(question.form["token"], {"active": False})
        media_type = {"content-type": "application/json"}
        return httpx.Response(200, headers=media_type, content=json.dumps(found))


async def public_address(host: str, port: int) -> Sequence[str]:
    """A resolver for names of the network, which nobody connects to."""
    del host, port
    return ["192.88.98.1"]


def an_endpoint(
    site: InProcess,
    *,
    clock: Clock | None = None,
    authentication: ClientAuthentication | None = None,
    place: EndpointPlace | None = None,
    timeout: float = 5.0,
    concurrency: int = 16,
    most_waiting: int = 64,
    failures: int = 5,
) -> IntrospectionEndpoint:
    """An endpoint that is answered in the process."""
    clock = clock or FrozenClock()
    service = HttpService(
        ServiceUrl.of("https://auth.example.com"),
        new_transport=site.transport,
        resolver=public_address,
        clock=clock,
    )
    return IntrospectionEndpoint(
        place or FixedEndpoint(service, "/introspect"),
        authentication or ClientSecretBasic("deemster", "client-secret"),
        bounds=CallBounds(CircuitBreaker(clock, failures=failures), concurrency=concurrency),
        timeout=timeout,
        most_waiting=most_waiting,
    )


def an_introspecting_provider(
    site: InProcess | None = None, *, clock: Clock | None = None, **settings: object
) -> IntrospectingProvider:
    """An internal provider whose endpoint is answered in the process."""
    clock = clock or FrozenClock()
    site = site or InProcess()
    defaults: dict[str, Any] = {
        "id": "bizpro",
        "kind": ProviderKind.INTERNAL,
        "issuer": ISSUER,
        "clock": clock,
    }
    made = {**defaults, **settings}
    if "endpoint" not in made:
        made["endpoint"] = an_endpoint(site, clock=clock)
    return IntrospectingProvider(**made)


@dataclass
class FaultyEndpoint:
    """A real HTTP server; `fault` says what it does with every question from now on."""

    port: int = 0
    answers: dict[str, object] = field(default_factory=dict)
    fault: str | None = None
    secret: str | None = None
    asked: list[Question] = field(default_factory=list)
    metadata: Mapping[str, object] = field(default_factory=dict)
    certificates: list[bytes | None] = field(default_factory=list)
    open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Of the endpoint."""
        return f"{self.issuer}/introspect"

    @property
    def issuer(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer questions of one connection until something ends it."""
        tls = writer.get_extra_info("ssl_object")
        self.certificates.append(None if tls is None else tls.getpeercert(binary_form=True))
        await until_it_ends(self.open, writer, lambda: self._one(reader, writer))

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = [line.partition(":") for line in head[1:] if line]
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        question = Question(method, target, headers, body.decode())
        self.asked.append(question)
        if target.startswith("/.well-known/"):
            writer.write(_answer(json.dumps(self.metadata).encode()))
        elif self.fault in {"hang", "drip", "drip-headers"}:
            await self._slow(writer)
            return False
        elif self.fault == "cut":
            writer.write(_HEAD + b"content-length: 100\r\n\r\n" + b'{"active": true')
            return False
        elif self.fault is not None:
            writer.write(_FAULTS[self.fault])
        elif self.secret is not None and headers.get("authorization") != self.secret:
            writer.write(_answer(b"{}", "401 Unauthorized"))
        else:
            found = self.answers.get(question.form["token"], {"active": False})
            writer.write(_answer(json.dumps(found).encode()))
        await writer.drain()
        return True

    async def _slow(self, writer: asyncio.StreamWriter) -> None:
        if self.fault != "hang":
            writer.write(_HEAD)
        if self.fault == "drip":
            writer.write(b"content-length: 1000\r\n\r\n")
        while not writer.is_closing():
            if self.fault != "hang":
                writer.write(b" " if self.fault == "drip" else b"x-a: b\r\n")
                await writer.drain()
            await asyncio.sleep(0.005)


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_GOOD = b'{"active": true}'


def _answer(
    body: bytes, status: str = "200 OK", media_type: str = "application/json", more: str = ""
) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\n{more}"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


_FAULTS = {
    "error": _answer(_GOOD, "500 Internal Server Error"),
    "busy": _answer(_GOOD, "429 Too Many Requests"),
    "unauthorized": _answer(_GOOD, "401 Unauthorized"),
    "forbidden": _answer(_GOOD, "403 Forbidden"),
    "bad-request": _answer(_GOOD, "400 Bad Request"),
    "created": _answer(_GOOD, "201 Created"),
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "redirect": _answer(_GOOD, "307 Temporary Redirect", more="location: /canary\r\n"),
    "html": _answer(b"<html>active: true</html>", media_type="text/html"),
    "json-as-html": _answer(_GOOD, media_type="text/html"),
    "signed": _answer(_GOOD, media_type="application/token-introspection+jwt"),
    "gzip-bomb": _answer(
        gzip.compress(b'{"active": true, "x": "' + b"a" * 50_000_000 + b'"}'),
        more="content-encoding: gzip\r\n",
    ),
    "large": _answer(b'{"active": true, "x": "' + b"a" * 70_000 + b'"}'),
    "cut-json": _answer(b'{"active": true'),
    "twice": _answer(b'{"active": false, "active": true}'),
    "list": _answer(b'[{"active": true}]'),
    "word": _answer(b"true"),
    "empty": _answer(b""),
}
FAULTS = ["hang", "drip", "drip-headers", "cut", *_FAULTS]


@asynccontextmanager
async def a_faulty_endpoint(
    answers: Mapping[str, object] | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FaultyEndpoint]:
    """A server on any free port of 127.0.0.1."""
    endpoint = FaultyEndpoint(answers=dict(answers or {}))
    server = await asyncio.start_server(endpoint.handle, "127.0.0.1", 0, ssl=tls)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
        waiting = list(endpoint.open)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await server.wait_closed()
