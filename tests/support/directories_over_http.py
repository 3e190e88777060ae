"""Directories behind HTTP, asked on loopback, for tests of user sources."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from deemster.model.clock import Clock
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.http_service import HttpService, ServiceUrl
from deemster.usercontext.asked_directory import AnsweringService, AskedDirectory

__all__ = ["a_service_at", "an_asked_directory"]


async def _no_names(host: str, port: int) -> Sequence[str]:
    raise OSError(f"{host}:{port}")


def a_service_at(
    url: str,
    clock: Clock,
    *,
    headers: dict[str, str] | None = None,
    allow_private: bool = True,
    is_endpoint: bool = False,
) -> HttpService:
    """A service at an address."""
    return HttpService(
        ServiceUrl.exactly(url) if is_endpoint else ServiceUrl.of(url),
        new_transport=lambda: httpx.AsyncHTTPTransport(trust_env=False),
        resolver=_no_names,
        clock=clock,
        headers=headers,
        allow_private=allow_private,
    )


def an_asked_directory(
    service: AnsweringService, clock: Clock, *, timeout: float = 2.0, failures: int = 1000
) -> AskedDirectory:
    """`people`; its circuit opens after so many `failures`."""
    bounds = CallBounds(CircuitBreaker(clock, failures=failures), concurrency=8)
    return AskedDirectory("people", service, bounds, timeout=timeout)
