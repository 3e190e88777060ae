"""`tokenProviders[].introspection` ► providers that ask, and what a reload replaces in them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from deemster.app.http_services import tls_context
from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.outgoing.addresses import Resolver, system_resolver
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.http_service import HttpService, ServiceUrl
from deemster.settings.introspection_sections import reread_authentication
from deemster.settings.outgoing_model import ServiceTls
from deemster.settings.provider_model import (
    CertificateAuthentication,
    ClientAuthenticationSettings,
    IntrospectionSettings,
    KeyAuthentication,
    SecretAuthentication,
    VerifyingProviderSettings,
)
from deemster.sharedstate.stores import KeptAnswers
from deemster.tokens.client_authentication import (
    ClientAuthentication,
    ClientSecretBasic,
    MutualTls,
    PrivateKeyJwt,
)
from deemster.tokens.introspection import IntrospectingProvider
from deemster.tokens.introspection_cache import IntrospectionCache
from deemster.tokens.introspection_counters import IntrospectionCounters
from deemster.tokens.introspection_discovery import DiscoveredEndpoint, origin_and_target
from deemster.tokens.introspection_endpoint import (
    EndpointPlace,
    FixedEndpoint,
    IntrospectionEndpoint,
)
from deemster.tokens.introspection_sharing import SharedAnswers
from deemster.tokens.jose import KeyNotUsableError, SigningKey
from deemster.tokens.provider import ProviderKind

__all__ = ["Introspections", "RereadClients"]

_MOST_KEY_BYTES = 64 * 1024
# What waits for a slot is waited for by decisions: there is a bound to that as well.
_WAITING_PER_SLOT = 4

RereadClients = Mapping[str, ClientAuthentication]
"""How we prove ourselves from here on, by provider id."""


@dataclass(frozen=True, slots=True)
class _Client:
    """A provider with what its credentials are made of."""

    settings: VerifyingProviderSettings
    introspection: IntrospectionSettings
    provider: IntrospectingProvider
    context: ssl.SSLContext
    cache: IntrospectionCache


class Introspections:
    """Every introspecting provider of the settings."""

    def __init__(
        self,
        clock: Clock,
        counters: IntrospectionCounters,
        shared: KeptAnswers | None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._clock = clock
        self._counters = counters
        self._shared = shared
        self._resolver = resolver
        self._clients: dict[str, _Client] = {}

    def add(
        self, provider: VerifyingProviderSettings, introspection: IntrospectionSettings
    ) -> IntrospectingProvider:
        """Nothing is connected yet; key files are read. Raises ConfigurationError."""
        context = tls_context(_tls_of(introspection), f"token provider `{provider.id}`")
        cache = IntrospectionCache(
            self._clock, positive=introspection.cache, negative=introspection.negative_cache
        )
        made = IntrospectingProvider(
            id=provider.id,
            kind=ProviderKind.INTERNAL if provider.internal else ProviderKind.EXTERNAL,
            issuer=provider.issuer,
            endpoint=self._endpoint(provider, introspection, context),
            clock=self._clock,
            audience_by_endpoint=introspection.audience_by_endpoint,
            skew=provider.skew,
            scope_claim=provider.scope_claim,
            permissions_claim=provider.permissions_claim,
            user_claim=provider.user_claim,
            honour_exp=provider.honour_exp,
            senders=provider.senders,
            cache=cache,
            shared=(
                None
                if self._shared is None
                else SharedAnswers(provider.id, self._shared, self._clock)
            ),
            counters=self._counters,
        )
        self._clients[provider.id] = _Client(provider, introspection, made, context, cache)
        return made

    @property
    def caches(self) -> list[IntrospectionCache]:
        """What endpoints said lately, one for each provider."""
        return [client.cache for client in self._clients.values()]

    @property
    def endpoints(self) -> Mapping[str, IntrospectionEndpoint]:
        """By provider id."""
        return {id: client.provider.endpoint for id, client in self._clients.items()}

    def reread(self) -> RereadClients:
        """Secrets and keys as their files have them now. Raises ConfigurationError."""
        found: dict[str, ClientAuthentication] = {}
        for id, client in self._clients.items():
            # Certificates that do not fit are refused before they get near the serving context.
            tls_context(_tls_of(client.introspection), f"token provider `{id}`")
            auth = reread_authentication(client.introspection.auth)
            found[id] = self._authentication(client.settings, client.introspection, auth)
        return found

    def replace(self, clients: RereadClients) -> None:
        """Ask as these from here on; connections that there are keep their certificate."""
        for id, authentication in clients.items():
            client = self._clients[id]
            client.provider.endpoint.authentication = authentication
            auth = client.introspection.auth
            if isinstance(auth, CertificateAuthentication):
                client.context.load_cert_chain(auth.certificate, auth.key)

    async def close(self) -> None:
        """End what is being asked."""
        for client in self._clients.values():
            await client.provider.close()

    def _endpoint(
        self,
        provider: VerifyingProviderSettings,
        introspection: IntrospectionSettings,
        context: ssl.SSLContext,
    ) -> IntrospectionEndpoint:
        breaker = CircuitBreaker(
            self._clock, failures=introspection.failures, open_for=introspection.open_for
        )
        return IntrospectionEndpoint(
            self._place(provider, introspection, self._service_at(introspection, context)),
            self._authentication(provider, introspection, introspection.auth),
            bounds=CallBounds(breaker, concurrency=introspection.concurrency),
            timeout=introspection.timeout,
            most_waiting=_WAITING_PER_SLOT * introspection.concurrency,
        )

    def _place(
        self,
        provider: VerifyingProviderSettings,
        introspection: IntrospectionSettings,
        service_at: Callable[[str], HttpService],
    ) -> EndpointPlace:
        if introspection.url is not None:
            origin, target = origin_and_target(introspection.url)
            return FixedEndpoint(service_at(origin), target)
        return DiscoveredEndpoint(
            provider.issuer,
            service_at,
            clock=self._clock,
            by_certificate=isinstance(introspection.auth, CertificateAuthentication),
        )

    def _service_at(
        self, introspection: IntrospectionSettings, context: ssl.SSLContext
    ) -> Callable[[str], HttpService]:
        # How many calls there are at a time is the caller's bound: a pool that is full leaks.
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=introspection.concurrency
        )

        def service_at(origin: str) -> HttpService:
            return HttpService(
                ServiceUrl.of(origin),
                new_transport=lambda: httpx.AsyncHTTPTransport(
                    verify=context, trust_env=False, limits=limits
                ),
                resolver=self._resolver,
                clock=self._clock,
                allow_private=introspection.allow_private,
            )

        return service_at

    def _authentication(
        self,
        provider: VerifyingProviderSettings,
        introspection: IntrospectionSettings,
        auth: ClientAuthenticationSettings,
    ) -> ClientAuthentication:
        client_id = introspection.client_id
        match auth:
            case SecretAuthentication(secret):
                return ClientSecretBasic(client_id, secret.reveal())
            case KeyAuthentication(key, algorithm, key_id, audience):
                return PrivateKeyJwt(
                    client_id,
                    _signing_key(provider.id, key, algorithm, key_id),
                    audience=audience or provider.issuer,
                    clock=self._clock,
                )
            case CertificateAuthentication():
                return MutualTls(client_id)


def _tls_of(introspection: IntrospectionSettings) -> ServiceTls:
    auth = introspection.auth
    if isinstance(auth, CertificateAuthentication):
        return ServiceTls(introspection.ca, auth.certificate, auth.key)
    return ServiceTls(introspection.ca, None, None)


def _signing_key(provider_id: str, path: Path, algorithm: str, key_id: str) -> SigningKey:
    called = f"the key `{path}` of token provider `{provider_id}`"
    try:
        with path.open("rb") as file:
            pem = file.read(_MOST_KEY_BYTES)
        return SigningKey.from_pem(pem, algorithm, key_id)
    except OSError as error:
        reason = error.strerror or "no such file"
    except KeyNotUsableError as error:
        reason = str(error)
    raise ConfigurationError(f"{called} cannot be used: {reason}")
