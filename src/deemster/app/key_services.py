"""What asks issuers for their documents: one service for each origin and what it may reach."""

from __future__ import annotations

from deemster.app.http_services import build_http_service
from deemster.model.clock import Clock
from deemster.outgoing.http_service import HttpService
from deemster.settings.outgoing_model import OutgoingSettings, ServiceTls
from deemster.tokens.key_fetching import OpenService, is_on_loopback

__all__ = ["KeyServices"]

_AT_A_TIME = 4
_SYSTEM = ServiceTls(None, None, None)


class KeyServices:
    """Made as they are needed, ended together."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._services: dict[tuple[str, bool], HttpService] = {}

    def opener(self, *, allow_private: bool) -> OpenService:
        """For one issuer; who names loopback in the settings means it."""

        def service_of(origin: str) -> HttpService:
            key = (origin, allow_private or is_on_loopback(origin))
            if key not in self._services:
                outgoing = OutgoingSettings(
                    url=origin,
                    allow_private=key[1],
                    tls=_SYSTEM,
                    concurrency=_AT_A_TIME,
                    # What fails is not asked again before the key set's own cool-down.
                    failures=0,
                    open_for=0.0,
                )
                self._services[key] = build_http_service(
                    outgoing, called=f"the issuer `{origin}`", clock=self._clock
                )
            return self._services[key]

        return service_of

    async def close(self) -> None:
        """Release every connection."""
        for service in self._services.values():
            await service.close()
