"""`tokenProviders:` ► token providers, with whatever fetches their keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from deemster.app.introspection import Introspections
from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.settings.model import (
    AssertedProviderSettings,
    DevelopmentKeySource,
    DiscoveredKeySource,
    FileKeySource,
    PublishedKeySource,
    TokenProviderSettings,
    VerifyingProviderSettings,
)
from deemster.sharedstate.stores import KeptAnswers
from deemster.tokens.development_key import DevelopmentKey, load_or_create
from deemster.tokens.introspection_counters import IntrospectionCounters
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.key_fetching import DiscoveredKeys, PublishedKeys, new_key_client
from deemster.tokens.keysets import KeySet, key_set_from_file
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.tokens.remote_keys import RemoteKeySet
from deemster.tokens.trusted_claims import AssertedClaimsProvider

__all__ = ["TokenProviders", "build_token_providers"]


@dataclass(frozen=True, slots=True, eq=False)
class TokenProviders:
    """Providers by id. `development_keys`, by provider id, can mint as well."""

    by_id: Mapping[str, TokenProvider]
    development_keys: Mapping[str, DevelopmentKey]
    introspection: Introspections
    _key_sets: tuple[KeySet, ...]
    _client: httpx.AsyncClient

    async def close(self) -> None:
        """End what is being fetched."""
        await self.introspection.close()
        for key_set in self._key_sets:
            await key_set.close()
        await self._client.aclose()


def build_token_providers(
    settings: Iterable[TokenProviderSettings],
    clock: Clock,
    *,
    counters: IntrospectionCounters | None = None,
    shared: KeptAnswers | None = None,
) -> TokenProviders:
    """Nothing is fetched yet; key files are read. Raises ConfigurationError.

    `shared`: where replicas find what one of them was told of opaque tokens.
    """
    client = new_key_client()
    introspection = Introspections(clock, counters or IntrospectionCounters(), shared)
    by_id: dict[str, TokenProvider] = {}
    development_keys: dict[str, DevelopmentKey] = {}
    key_sets: list[KeySet] = []
    for provider in settings:
        if isinstance(provider, AssertedProviderSettings):
            by_id[provider.id] = AssertedClaimsProvider(
                id=provider.id,
                skew=provider.skew,
                scope_claim=provider.scope_claim,
                honour_exp=provider.honour_exp,
            )
            continue
        if provider.introspection is not None:
            by_id[provider.id] = introspection.add(provider, provider.introspection)
            continue
        if isinstance(provider.keys, DevelopmentKeySource):
            key = _development_key(provider, provider.keys)
            development_keys[provider.id] = key
            key_set: KeySet = key.key_set()
        else:
            key_set = _key_set(provider, client, clock)
        key_sets.append(key_set)
        by_id[provider.id] = _verifying(provider, key_set)
    return TokenProviders(by_id, development_keys, introspection, tuple(key_sets), client)


def _verifying(provider: VerifyingProviderSettings, key_set: KeySet) -> JwtProvider:
    return JwtProvider(
        id=provider.id,
        kind=ProviderKind.INTERNAL if provider.internal else ProviderKind.EXTERNAL,
        issuer=provider.issuer,
        key_set=key_set,
        algorithms=provider.algorithms,
        token_type=TokenType(provider.token_type),
        skew=provider.skew,
        scope_claim=provider.scope_claim,
        permissions_claim=provider.permissions_claim,
        user_claim=provider.user_claim,
        honour_exp=provider.honour_exp,
        senders=provider.senders,
    )


def _key_set(
    provider: VerifyingProviderSettings, client: httpx.AsyncClient, clock: Clock
) -> KeySet:
    name = f"keys of `{provider.id}`"
    match provider.keys:
        case DiscoveredKeySource():
            return RemoteKeySet(name, DiscoveredKeys(client, provider.issuer), clock=clock)
        case PublishedKeySource(url):
            return RemoteKeySet(name, PublishedKeys(client, url), clock=clock)
        case FileKeySource(path):
            return key_set_from_file(path)
        case DevelopmentKeySource() | None:
            raise AssertionError("made by the caller")


def _development_key(
    provider: VerifyingProviderSettings, source: DevelopmentKeySource
) -> DevelopmentKey:
    algorithm = "ES256" if "ES256" in provider.algorithms else provider.algorithms[0]
    if source.path is None:
        return DevelopmentKey.generate(algorithm)
    key = load_or_create(source.path, algorithm=algorithm)
    if key.algorithm not in provider.algorithms:
        raise ConfigurationError(
            f"development key `{source.path}` signs by {key.algorithm}, which `algorithms` of "
            f"token provider `{provider.id}` does not list"
        )
    return key
