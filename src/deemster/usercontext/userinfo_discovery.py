"""Where an issuer's UserInfo endpoint is, as the issuer says (OpenID Connect Discovery 1.0 4)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from deemster.model.clock import Clock
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer, HttpQuestion
from deemster.outgoing.json_answers import json_document
from deemster.outgoing.single_flight import SingleFlight
from deemster.usercontext.asked_directory import AnsweringService

__all__ = ["DiscoveredEndpoint"]

_KEPT = 3600.0
_METADATA = "/.well-known/openid-configuration"


class DiscoveredEndpoint:
    """Asks the endpoint that the issuer's metadata names.

    Key: this issuer alone. Bound: one endpoint. TTL: an hour. Failure rule: only metadata that
    name this very issuer are kept; while they cannot be had, nothing is asked.
    """

    def __init__(
        self,
        issuer: str,
        metadata: AnsweringService,
        *,
        open_endpoint: Callable[[str], AnsweringService],
        clock: Clock,
    ) -> None:
        """`metadata` is a service at the issuer's URL; the same rules of reach hold for what
        `open_endpoint` opens."""
        self._issuer = issuer
        self._metadata = metadata
        self._open_endpoint = open_endpoint
        self._clock = clock
        self._endpoint: tuple[str, AnsweringService] | None = None
        self._until = float("-inf")
        self._left: list[AnsweringService] = []
        self._flights: SingleFlight[str, tuple[str, AnsweringService] | CallFailedError] = (
            SingleFlight()
        )

    async def ask(self, question: HttpQuestion) -> HttpAnswer:
        """See HttpService."""
        endpoint = self._endpoint
        if endpoint is None or self._clock.monotonic() >= self._until:
            found = await self._flights.run(self._issuer, self._discovered)
            if isinstance(found, CallFailedError):
                raise CallFailedError(str(found), is_outage=found.is_outage)
            endpoint = found
        return await endpoint[1].ask(question)

    async def close(self) -> None:
        """Release connections."""
        await self._flights.close()
        endpoint = [] if self._endpoint is None else [self._endpoint[1]]
        for service in (self._metadata, *self._left, *endpoint):
            await service.close()

    async def _discovered(self) -> tuple[str, AnsweringService] | CallFailedError:
        asked_at = self._clock.monotonic()
        try:
            document = json_document(await self._metadata.ask(HttpQuestion(target=_METADATA)))
            url = self._endpoint_of(document)
        except CallFailedError as failed:
            return failed
        if self._endpoint is None or self._endpoint[0] != url:
            if self._endpoint is not None:
                # Calls may be under way there.
                self._left.append(self._endpoint[1])
            self._endpoint = (url, self._open_endpoint(url))
        self._until = asked_at + _KEPT
        return self._endpoint

    def _endpoint_of(self, document: object) -> str:
        # OpenID Connect Discovery 4.3: the issuer MUST be identical to the one that was asked.
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise CallFailedError("its metadata name another issuer", is_outage=False)
        url = document.get("userinfo_endpoint")
        if not isinstance(url, str) or not _is_endpoint(url, self._issuer):
            raise CallFailedError("its metadata name no usable userinfo_endpoint", is_outage=False)
        return url


def _is_endpoint(url: str, issuer: str) -> bool:
    """Protected as the issuer is. Where its name leads is looked at on every call."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or not parts.hostname:
        return False
    if parts.username is not None or parts.query or parts.fragment:
        return False
    origin = urlsplit(issuer)
    same_host = (parts.scheme, parts.hostname) == (origin.scheme, origin.hostname)
    return parts.scheme == "https" or same_host
