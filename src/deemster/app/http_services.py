"""URL, TLS and credentials of the settings ► a service that can be asked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.outgoing.addresses import Resolver, system_resolver
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.http_service import HttpService, ServiceUrl
from deemster.settings.outgoing_model import OutgoingSettings, ServiceTls

__all__ = ["breaker_of", "build_http_service", "tls_context"]


def breaker_of(outgoing: OutgoingSettings, clock: Clock) -> CircuitBreaker:
    """Closed."""
    return CircuitBreaker(clock, failures=outgoing.failures, open_for=outgoing.open_for)


def build_http_service(
    outgoing: OutgoingSettings,
    *,
    called: str,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
    is_endpoint: bool = False,
    resolver: Resolver = system_resolver,
) -> HttpService:
    """Nothing is connected yet. `called` names it in a ConfigurationError about its TLS files.

    `is_endpoint`: it is asked at this very URL, and not below it.
    """
    context = tls_context(outgoing.tls, called)
    url = ServiceUrl.exactly(outgoing.url) if is_endpoint else ServiceUrl.of(outgoing.url)
    # How many calls there are at a time is the caller's bound: a pool that is full leaks.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=outgoing.concurrency)
    return HttpService(
        url,
        new_transport=lambda: httpx.AsyncHTTPTransport(
            verify=context, trust_env=False, limits=limits
        ),
        resolver=resolver,
        clock=clock,
        headers=headers,
        allow_private=outgoing.allow_private,
    )


def tls_context(tls: ServiceTls, called: str) -> ssl.SSLContext:
    """For connections to a service. Raises ConfigurationError about the files of `called`."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None and tls.key is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the TLS files of {called} cannot be used: {type(error).__name__}"
        ) from None
    return context
