"""Fetching a provider's published documents: key set and discovery metadata.

URLs come from the settings or from metadata whose issuer was compared; never from a token.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import MOST_BYTES, HttpAnswer, HttpQuestion, HttpService
from deemster.tokens.remote_keys import FetchedKeys

__all__ = ["DiscoveredKeys", "OpenService", "PublishedKeys", "is_on_loopback"]

_MAX_DEPTH = 32
_TIMEOUT = 2.0

OpenService = Callable[[str], HttpService]
"""An origin (`https://auth.example.com`) ► what asks it. The same one for the same origin."""


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """A JWK set at a known URL."""

    service_of: OpenService
    url: str

    def __post_init__(self) -> None:
        """Raises ConfigurationError for a URL that is neither https nor loopback."""
        if not _may_be_fetched(self.url):
            raise ConfigurationError(f"`{self.url}` is neither an https URL nor on loopback")

    async def fetch(self) -> FetchedKeys:
        """The document. Raises DependencyUnavailableError."""
        async with _within(self.url):
            return _keys_in(await _asked(self.service_of, self.url))


@dataclass(frozen=True, slots=True)
class DiscoveredKeys:
    """A JWK set found by the issuer's metadata (OpenID Connect Discovery 1.0 4, RFC 8414 3)."""

    service_of: OpenService
    issuer: str

    def __post_init__(self) -> None:
        """Raises ConfigurationError for an issuer that is neither https nor loopback."""
        if not _may_be_fetched(self.issuer):
            raise ConfigurationError(f"issuer `{self.issuer}` is neither https nor on loopback")

    async def fetch(self) -> FetchedKeys:
        """The key set document. Raises DependencyUnavailableError."""
        url = self.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        async with _within(url):
            keys_url = self._keys_url((await _asked(self.service_of, url)).body)
        async with _within(keys_url):
            return _keys_in(await _asked(self.service_of, keys_url))

    def _keys_url(self, data: bytes) -> str:
        try:
            metadata = read_strict_json(data, max_depth=_MAX_DEPTH)
        except StrictJsonError as error:
            raise _unavailable(self.issuer, f"metadata: {error}") from None
        if not isinstance(metadata, dict):
            raise _unavailable(self.issuer, "metadata is not an object")
        # OpenID Connect Discovery 4.3, RFC 8414 3.3: the issuer MUST be identical, else the
        # metadata MUST NOT be used.
        if metadata.get("issuer") != self.issuer:
            raise _unavailable(self.issuer, "metadata names another issuer")
        url = metadata.get("jwks_uri")
        if not isinstance(url, str) or not _may_be_fetched(url):
            raise _unavailable(self.issuer, "metadata has no usable jwks_uri")
        # An issuer on the network must not send us to our own loopback.
        if is_on_loopback(url) and not is_on_loopback(self.issuer):
            raise _unavailable(self.issuer, "jwks_uri points to loopback")
        return url


class _within:  # noqa: N801  (used as a word)
    """The time that one document may take; what goes wrong meanwhile is no document."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._limit = asyncio.timeout(_TIMEOUT)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        try:
            await self._limit.__aexit__(kind, error, None)
        except TimeoutError:
            raise _unavailable(self._url, "no answer in time") from None
        if isinstance(error, CallFailedError):
            raise _unavailable(self._url, str(error)) from None
        if isinstance(error, OSError):
            raise _unavailable(self._url, type(error).__name__) from None


async def _asked(service_of: OpenService, url: str) -> HttpAnswer:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    service = service_of(f"{parts.scheme}://{parts.netloc}")
    answer = await service.ask(HttpQuestion(target=target), most_bytes=MOST_BYTES)
    if answer.status != 200:
        raise _unavailable(url, f"status {answer.status}")
    return answer


def _keys_in(answer: HttpAnswer) -> FetchedKeys:
    # RFC 9111 5.2.2. What the issuer says counts within bounds only: see RemoteKeySet.
    control = answer.headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return FetchedKeys(answer.body, 0.0)
    found = _MAX_AGE.search(control)
    return FetchedKeys(answer.body, None if found is None else float(found[1]))


_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})(?!\d)")


def _may_be_fetched(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # reading it checks it
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not url.isascii():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_on_loopback(url))


def is_on_loopback(url: str) -> bool:
    """Whether a URL names this machine, by an address or as `localhost`."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unavailable(url: str, detail: str) -> DependencyUnavailableError:
    return DependencyUnavailableError("identity provider", detail=f"{url}: {detail}")
