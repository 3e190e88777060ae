"""Fetching a provider's published documents: key set and discovery metadata.

URLs come from the settings or from metadata whose issuer was compared; never from a token.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["DiscoveredKeys", "PublishedKeys", "new_key_client"]

_MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 32
_TIMEOUT = 2.0


def new_key_client() -> httpx.AsyncClient:
    """A client for these fetches: no proxy from the environment, no redirects."""
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=_TIMEOUT)


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """A JWK set at a known URL."""

    client: httpx.AsyncClient
    url: str

    def __post_init__(self) -> None:
        """Raises ConfigurationError for a URL that is neither https nor loopback."""
        if not _may_be_fetched(self.url):
            raise ConfigurationError(f"`{self.url}` is neither an https URL nor on loopback")

    async def fetch(self) -> bytes:
        """The document. Raises DependencyUnavailableError."""
        return await _fetch(self.client, self.url)


@dataclass(frozen=True, slots=True)
class DiscoveredKeys:
    """A JWK set found by the issuer's metadata (OpenID Connect Discovery 1.0 4, RFC 8414 3)."""

    client: httpx.AsyncClient
    issuer: str

    def __post_init__(self) -> None:
        """Raises ConfigurationError for an issuer that is neither https nor loopback."""
        if not _may_be_fetched(self.issuer):
            raise ConfigurationError(f"issuer `{self.issuer}` is neither https nor on loopback")

    async def fetch(self) -> bytes:
        """The key set document. Raises DependencyUnavailableError."""
        url = self.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        keys_url = self._keys_url(await _fetch(self.client, url))
        return await _fetch(self.client, keys_url)

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
        if _on_loopback(url) and not _on_loopback(self.issuer):
            raise _unavailable(self.issuer, "jwks_uri points to loopback")
        return url


async def _fetch(client: httpx.AsyncClient, url: str) -> bytes:
    # Uncompressed only: the limit must hold for what we keep, not for what was sent.
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    request = client.build_request("GET", url, headers=headers)
    try:
        async with asyncio.timeout(_TIMEOUT):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                return await _body(response, url)
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise _unavailable(url, type(error).__name__) from None


async def _body(response: httpx.Response, url: str) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise _unavailable(url, f"status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _unavailable(url, "compressed answer")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise _unavailable(url, "answer over 1 MiB")
    return bytes(body)


def _may_be_fetched(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # reading it checks it
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not url.isascii():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _on_loopback(url))


def _on_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unavailable(url: str, detail: str) -> DependencyUnavailableError:
    return DependencyUnavailableError("identity provider", detail=f"{url}: {detail}")
