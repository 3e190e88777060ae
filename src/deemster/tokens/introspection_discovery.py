"""An introspection endpoint that the issuer's metadata names (RFC 8414 2, 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from deemster.model.clock import Clock
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpQuestion, HttpService
from deemster.outgoing.json_answers import json_document

__all__ = ["DiscoveredEndpoint", "origin_and_target"]

_NEVER = float("-inf")
_MOST_BYTES = 1024 * 1024


class DiscoveredEndpoint:
    """`EndpointPlace`: looked up in the metadata of the issuer that the settings name.

    Cache: the one URL. After `soft_ttl` seconds it is looked up anew by a question that comes
    along, at most once in `cool_down` seconds; where that fails the old one serves on, for
    `max_stale` seconds at most.
    """

    def __init__(
        self,
        issuer: str,
        service_at: Callable[[str], HttpService],
        *,
        clock: Clock,
        by_certificate: bool = False,
        soft_ttl: float = 600.0,
        cool_down: float = 30.0,
        max_stale: float = 86_400.0,
    ) -> None:
        """`service_at`: origin (`https://as.example.com`) ► the service there.

        `by_certificate`: the client proves itself by one, so RFC 8705 5 may name another endpoint.
        """
        self._issuer = issuer
        self._service_at = service_at
        self._clock = clock
        self._by_certificate = by_certificate
        self._soft_ttl = soft_ttl
        self._cool_down = cool_down
        self._max_stale = max_stale
        origin, path = origin_and_target(issuer.removesuffix("/"))
        self._metadata = service_at(origin)
        # OpenID Connect Discovery 4: appended to the issuer, path included.
        self._metadata_target = path + "/.well-known/openid-configuration"
        self._services: dict[str, HttpService] = {origin: self._metadata}
        self._found: tuple[HttpService, str] | None = None
        self._found_at = _NEVER
        self._due_at = _NEVER
        self._looking = asyncio.Lock()

    async def find(self) -> tuple[HttpService, str]:
        """See EndpointPlace. Waits for the metadata where the URL is not known, or too old."""
        if self._clock.monotonic() < self._due_at and self._found is not None:
            return self._found
        async with self._looking:
            # Somebody may have found it while this one waited.
            if self._clock.monotonic() >= self._due_at or self._found is None:
                await self._look()
            found = self._found
        if found is None:
            raise CallFailedError("has no introspection endpoint", is_outage=True)
        return found

    async def close(self) -> None:
        """See EndpointPlace."""
        for service in self._services.values():
            await service.close()

    async def _look(self) -> None:
        now = self._clock.monotonic()
        self._due_at = now + self._cool_down
        try:
            url = await self._url()
        except CallFailedError:
            if self._found is None or now - self._found_at > self._max_stale:
                self._found = None
                raise
            return
        origin, target = origin_and_target(url)
        await self._keep_only(origin)
        self._found = (self._services[origin], target)
        self._found_at = now
        self._due_at = now + self._soft_ttl

    async def _keep_only(self, origin: str) -> None:
        """The services of the metadata and of the endpoint: one that moved leaves none behind."""
        if origin not in self._services:
            self._services[origin] = self._service_at(origin)
        for other in [name for name in self._services if name != origin]:
            if self._services[other] is not self._metadata:
                await self._services.pop(other).close()

    async def _url(self) -> str:
        answer = await self._metadata.ask(
            HttpQuestion("GET", self._metadata_target), most_bytes=_MOST_BYTES
        )
        metadata = json_document(answer)
        # OpenID Connect Discovery 4.3, RFC 8414 3.3: the issuer MUST be identical, else the
        # metadata MUST NOT be used.
        if not isinstance(metadata, dict) or metadata.get("issuer") != self._issuer:
            raise CallFailedError("metadata names another issuer", is_outage=False)
        url = metadata.get("introspection_endpoint")
        aliases = metadata.get("mtls_endpoint_aliases")
        if self._by_certificate and isinstance(aliases, dict):
            url = aliases.get("introspection_endpoint", url)
        if not isinstance(url, str) or not self._may_be_asked(url):
            raise CallFailedError("metadata has no usable introspection_endpoint", is_outage=False)
        return url

    def _may_be_asked(self, url: str) -> bool:
        """Over TLS; without it only where the issuer itself is without, and at its very place."""
        try:
            parts = urlsplit(url)
            _ = parts.port  # reading it checks it
        except ValueError:
            return False
        if not parts.hostname or parts.username is not None or parts.fragment or not url.isascii():
            return False
        return parts.scheme == "https" or _origin(parts) == _origin(urlsplit(self._issuer))


def origin_and_target(url: str) -> tuple[str, str]:
    """The URL in its two parts; a service is reached at the one and asked for the other."""
    parts = urlsplit(url)
    return _origin(parts), parts.path + (f"?{parts.query}" if parts.query else "")


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"
