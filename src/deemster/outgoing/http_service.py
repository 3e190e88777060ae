"""An HTTP service that the settings name: one request, one bounded answer, nothing followed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import httpx

from deemster.model.clock import Clock
from deemster.outgoing.addresses import Resolver, acceptable_addresses
from deemster.outgoing.failures import CallFailedError

__all__ = ["MOST_BYTES", "HttpAnswer", "HttpQuestion", "HttpService", "ServiceUrl"]

MOST_BYTES = 1024 * 1024
_MOST_ADDRESSES = 3
_ADDRESSES_KEPT = 5.0


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """The URL of a service, taken apart; `authority` is what goes into `Host`."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @classmethod
    def of(cls, url: str) -> ServiceUrl:
        """From an absolute URL without query, as the settings have checked it."""
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        host = parts.hostname or ""
        return cls(parts.scheme, host, parts.port or default, parts.netloc, parts.path.rstrip("/"))

    @classmethod
    def exactly(cls, url: str) -> ServiceUrl:
        """Of one endpoint, that is asked without a target: its path stays as it is."""
        return replace(cls.of(url), path=urlsplit(url).path)


@dataclass(frozen=True, slots=True)
class HttpQuestion:
    """One request. `target` is path and query below the service's URL, percent-encoded."""

    method: str = "GET"
    target: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came, uncompressed and whole. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """Without parameters, in lower case; empty where the answer has none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Lane:
    """A transport, and how many calls are under way on it."""

    __slots__ = ("calls", "is_retired", "transport")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.calls = 0
        self.is_retired = False


class HttpService:
    """Asks one service. Raises CallFailedError and nothing else.

    Calls go to the transport itself and not through a client: no redirect is followed, no cookie
    kept, no proxy taken from the environment, nothing retried after it was sent. Every address
    that the name has is looked at, and the one that was looked at is connected to.

    A call that is given up may leave its connection behind in httpcore's pool for ever
    (encode/httpcore#1093), so later calls get a new transport and the old one ends with its last
    call.
    """

    def __init__(
        self,
        url: ServiceUrl,
        *,
        new_transport: Callable[[], httpx.AsyncBaseTransport],
        resolver: Resolver,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
    ) -> None:
        """`headers` are the service's own, credentials included; they win over a question's."""
        self._url = url
        self._new_transport = new_transport
        self._lane = _Lane(new_transport())
        self._ending: set[asyncio.Task[None]] = set()
        self._resolver = resolver
        self._clock = clock
        self._headers = dict(headers or {})
        self._allow_private = allow_private
        self._addresses: tuple[str, ...] = ()
        self._addresses_until = float("-inf")

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """Credentials as they are now."""
        self._headers = dict(headers)

    async def ask(self, question: HttpQuestion, *, most_bytes: int = MOST_BYTES) -> HttpAnswer:
        """The answer, whatever its status; has no time limit of its own.

        Statuses that say that the service is down (5xx, 429) are failures like no answer at all.
        """
        lane = self._lane
        lane.calls += 1
        try:
            return await self._answer(question, lane.transport, most_bytes)
        except asyncio.CancelledError:
            lane.is_retired = True
            raise
        finally:
            lane.calls -= 1
            self._end_if_retired(lane)

    async def close(self) -> None:
        """Release connections."""
        if self._ending:
            await asyncio.wait(self._ending)
        await self._lane.transport.aclose()

    def _end_if_retired(self, lane: _Lane) -> None:
        if not lane.is_retired:
            return
        if lane is self._lane:
            self._lane = _Lane(self._new_transport())
        if lane.calls == 0:
            ending = asyncio.create_task(lane.transport.aclose())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _answer(
        self, question: HttpQuestion, transport: httpx.AsyncBaseTransport, most_bytes: int
    ) -> HttpAnswer:
        response = await self._sent(question, transport)
        try:
            return await _read(response, most_bytes)
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise CallFailedError(f"cut off: {type(error).__name__}", is_outage=True) from None
        finally:
            await response.aclose()

    async def _sent(
        self, question: HttpQuestion, transport: httpx.AsyncBaseTransport
    ) -> httpx.Response:
        for address in (await self._resolved())[:_MOST_ADDRESSES]:
            try:
                return await transport.handle_async_request(self._request(question, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                # Nothing was sent yet: the next address may do.
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                name = type(error).__name__
                raise CallFailedError(f"did not answer: {name}", is_outage=True) from None
        self._addresses_until = float("-inf")
        raise CallFailedError("cannot be connected to", is_outage=True)

    async def _resolved(self) -> tuple[str, ...]:
        now = self._clock.monotonic()
        if now >= self._addresses_until:
            self._addresses = await acceptable_addresses(
                self._url.host,
                self._url.port,
                self._resolver,
                allow_private=self._allow_private,
            )
            self._addresses_until = now + _ADDRESSES_KEPT
        return self._addresses

    def _request(self, question: HttpQuestion, address: str) -> httpx.Request:
        url = httpx.URL(
            scheme=self._url.scheme,
            host=address,
            port=self._url.port,
            raw_path=(self._url.path + question.target).encode("ascii") or b"/",
        )
        headers = {
            "accept": "application/json",
            **question.headers,
            **self._headers,
            "host": self._url.authority,
            # Uncompressed only: the limit must hold for what we keep, not for what was sent.
            "accept-encoding": "identity",
            "user-agent": "deemster",
        }
        # The connection goes to the address, the certificate must be the name's.
        extensions = {"sni_hostname": self._url.host} if self._url.scheme == "https" else {}
        return httpx.Request(
            question.method,
            url,
            headers=headers,
            content=question.content or None,
            extensions=extensions,
        )


async def _read(response: httpx.Response, most_bytes: int) -> HttpAnswer:
    status = response.status_code
    if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
        raise CallFailedError(f"answered with status {status}", is_outage=True)
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise CallFailedError("answered compressed", is_outage=False)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most_bytes:
            raise CallFailedError(f"answered with more than {_size(most_bytes)}", is_outage=False)
    return HttpAnswer(status, dict(response.headers), bytes(body))


def _size(most_bytes: int) -> str:
    return "1 MiB" if most_bytes == MOST_BYTES else f"{most_bytes} bytes"
