"""An HTTP service: one GET or POST, one strict JSON answer of bounded size, nothing followed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from deemster.attributesources.addresses import Resolver, acceptable_addresses
from deemster.attributesources.source import SourceFailedError
from deemster.model.attributes import HttpCall, SourceCall
from deemster.model.clock import Clock
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["MOST_BYTES", "HttpSource", "ServiceUrl"]

MOST_BYTES = 1024 * 1024
_MAX_DEPTH = 64
_MOST_ADDRESSES = 3
_ADDRESSES_KEPT = 5.0
_MEDIA_TYPE = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json")


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


class _Lane:
    """A transport, and how many calls are under way on it."""

    __slots__ = ("calls", "is_retired", "transport")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.calls = 0
        self.is_retired = False


class HttpSource:
    """`services:` of the settings, one entry.

    Calls go to the transport itself and not through a client: no redirect is followed, no cookie
    kept, no proxy taken from the environment, nothing retried after it was sent.

    A call that is given up may leave its connection behind in httpcore's pool for ever
    (encode/httpcore#1093), so later calls get a new transport and the old one ends with its last
    call.
    """

    def __init__(
        self,
        name: str,
        url: ServiceUrl,
        *,
        new_transport: Callable[[], httpx.AsyncBaseTransport],
        resolver: Resolver,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
    ) -> None:
        """`headers` are the service's own, credentials included; they win over a call's."""
        self.name = name
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

    async def ask(self, call: SourceCall) -> object:
        """See AttributeSource."""
        if not isinstance(call, HttpCall):
            raise SourceFailedError("is no query", is_outage=False)
        lane = self._lane
        lane.calls += 1
        try:
            return await self._answer(call, lane.transport)
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

    async def _answer(self, call: HttpCall, transport: httpx.AsyncBaseTransport) -> object:
        response = await self._sent(call, transport)
        try:
            return await _document(response)
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise SourceFailedError(f"cut off: {type(error).__name__}", is_outage=True) from None
        finally:
            await response.aclose()

    async def _sent(self, call: HttpCall, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        for address in (await self._resolved())[:_MOST_ADDRESSES]:
            try:
                return await transport.handle_async_request(self._request(call, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                # Nothing was sent yet: the next address may do.
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                name = type(error).__name__
                raise SourceFailedError(f"did not answer: {name}", is_outage=True) from None
        self._addresses_until = float("-inf")
        raise SourceFailedError("cannot be connected to", is_outage=True)

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

    def _request(self, call: HttpCall, address: str) -> httpx.Request:
        url = httpx.URL(
            scheme=self._url.scheme,
            host=address,
            port=self._url.port,
            raw_path=(self._url.path + call.target).encode("ascii"),
        )
        headers = {
            **dict(call.headers),
            **self._headers,
            "host": self._url.authority,
            "accept": "application/json",
            # Uncompressed only: the limit must hold for what we keep, not for what was sent.
            "accept-encoding": "identity",
            "user-agent": "deemster",
        }
        # The connection goes to the address, the certificate must be the name's.
        extensions = {"sni_hostname": self._url.host} if self._url.scheme == "https" else {}
        return httpx.Request(call.method, url, headers=headers, extensions=extensions)


async def _document(response: httpx.Response) -> object:
    status = response.status_code
    if status != httpx.codes.OK:
        is_outage = status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS
        raise SourceFailedError(f"answered with status {status}", is_outage=is_outage)
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(media_type) is None:
        raise SourceFailedError("answered with no JSON by its media type", is_outage=False)
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise SourceFailedError("answered compressed", is_outage=False)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise SourceFailedError("answered with more than 1 MiB", is_outage=False)
    try:
        return read_strict_json(bytes(body), max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise SourceFailedError(
            f"answered no strict JSON: {error.reason}", is_outage=False
        ) from None
