"""`tokenProviders:` ► token providers, with whatever fetches their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from deemster.app.introspection import Introspections
from deemster.app.key_services import KeyServices
from deemster.app.plugins import token_reader_of
from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.settings.provider_model import (
    AssertedProviderSettings,
    DevelopmentKeySource,
    DiscoveredKeySource,
    FileKeySource,
    InlineKeySource,
    IssuerSettings,
    PluginSettings,
    PublishedKeySource,
    TokenProviderSettings,
    VerifyingProviderSettings,
)
from deemster.sharedstate.stores import KeptAnswers
from deemster.tokens.development_key import DevelopmentKey, load_or_create
from deemster.tokens.introspection_counters import IntrospectionCounters
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.key_fetching import DiscoveredKeys, PublishedKeys
from deemster.tokens.keysets import KeySet, inline_key_set, key_set_from_file
from deemster.tokens.plugin_provider import PluginTokenProvider
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.tokens.remote_keys import KeyDocument, RemoteKeySet
from deemster.tokens.several_issuers import SeveralIssuers
from deemster.tokens.token_cache import TokenCache
from deemster.tokens.trusted_claims import AssertedClaimsProvider

__all__ = ["TokenProviders", "build_token_providers"]


OnKeys = Callable[[str, int, tuple[str, ...]], None]
"""(provider id, how many keys are usable, why the others are not)"""


@dataclass(frozen=True, slots=True, eq=False)
class TokenProviders:
    """Providers by id. `development_keys`, by provider id, can mint as well.

    `published_keys` by provider id are those that are fetched, one set for each issuer.
    """

    by_id: Mapping[str, TokenProvider]
    development_keys: Mapping[str, DevelopmentKey]
    introspection: Introspections
    token_caches: tuple[TokenCache, ...]
    published_keys: Mapping[str, list[RemoteKeySet]]
    _key_sets: tuple[KeySet, ...]
    _services: KeyServices
    _plugins: tuple[PluginTokenProvider, ...] = ()

    async def close(self) -> None:
        """End what is being fetched."""
        await self.introspection.close()
        for key_set in self._key_sets:
            await key_set.close()
        for plugin in self._plugins:
            await plugin.close()
        await self._services.close()


def build_token_providers(
    settings: Iterable[TokenProviderSettings],
    clock: Clock,
    *,
    counters: IntrospectionCounters | None = None,
    shared: KeptAnswers | None = None,
    on_keys: OnKeys = lambda _provider, _usable, _dropped: None,
) -> TokenProviders:
    """Nothing is fetched yet; key files are read. Raises ConfigurationError.

    `shared`: where replicas find what one of them was told of opaque tokens. `on_keys` is told of
    each other set of published keys.
    """
    services = KeyServices(clock)
    introspection = Introspections(clock, counters or IntrospectionCounters(), shared)
    by_id: dict[str, TokenProvider] = {}
    development_keys: dict[str, DevelopmentKey] = {}
    key_sets: list[KeySet] = []
    plugins: list[PluginTokenProvider] = []
    for provider in settings:
        if isinstance(provider, AssertedProviderSettings):
            by_id[provider.id] = AssertedClaimsProvider(
                id=provider.id,
                skew=provider.skew,
                scope_claim=provider.scope_claim,
                honour_exp=provider.honour_exp,
            )
            continue
        if provider.plugin is not None:
            by_id[provider.id] = plugged = _plugged(provider, provider.plugin, clock)
            plugins.append(plugged)
            continue
        if provider.introspection is not None:
            by_id[provider.id] = introspection.add(provider, provider.introspection)
            continue
        if isinstance(provider.keys, DevelopmentKeySource):
            key = _development_key(provider, provider.keys)
            development_keys[provider.id] = key
            key_set: KeySet = key.key_set()
        else:
            key_set = _key_set(provider.id, _first(provider), services, clock, on_keys)
        key_sets.append(key_set)
        verifying = _verifying(provider, provider.issuer, key_set)
        by_id[provider.id] = verifying
        if provider.other_issuers:
            issuers = {provider.issuer: verifying}
            for other in provider.other_issuers:
                keys = _key_set(provider.id, other, services, clock, on_keys)
                key_sets.append(keys)
                issuers[other.issuer] = _verifying(provider, other.issuer, keys)
            by_id[provider.id] = SeveralIssuers(issuers)
    verifiers = _verifiers(by_id.values())
    return TokenProviders(
        by_id,
        development_keys,
        introspection,
        tuple(verifier.cache for verifier in verifiers),
        _published(verifiers),
        tuple(key_sets),
        services,
        tuple(plugins),
    )


def _verifiers(providers: Iterable[TokenProvider]) -> list[JwtProvider]:
    """One for each issuer."""
    return [
        issuer
        for provider in providers
        for issuer in (provider.issuers if isinstance(provider, SeveralIssuers) else [provider])
        if isinstance(issuer, JwtProvider)
    ]


def _published(verifiers: Iterable[JwtProvider]) -> dict[str, list[RemoteKeySet]]:
    found: dict[str, list[RemoteKeySet]] = {}
    for verifier in verifiers:
        if isinstance(verifier.key_set, RemoteKeySet):
            found.setdefault(verifier.id, []).append(verifier.key_set)
    return found


def _first(provider: VerifyingProviderSettings) -> IssuerSettings:
    if provider.keys is None:
        raise AssertionError("a provider with introspection has no keys")
    return IssuerSettings(provider.issuer, provider.keys, provider.fetching)


def _verifying(provider: VerifyingProviderSettings, issuer: str, key_set: KeySet) -> JwtProvider:
    return JwtProvider(
        id=provider.id,
        kind=ProviderKind.INTERNAL if provider.internal else ProviderKind.EXTERNAL,
        issuer=issuer,
        key_set=key_set,
        algorithms=provider.algorithms,
        token_type=TokenType(provider.token_type),
        skew=provider.skew,
        scope_claim=provider.scope_claim,
        permissions_claim=provider.permissions_claim,
        user_claim=provider.user_claim,
        honour_exp=provider.honour_exp,
        senders=provider.senders,
        longest_life=provider.longest_life,
    )


def _plugged(
    provider: VerifyingProviderSettings, plugin: PluginSettings, clock: Clock
) -> PluginTokenProvider:
    return PluginTokenProvider(
        id=provider.id,
        kind=ProviderKind.INTERNAL if provider.internal else ProviderKind.EXTERNAL,
        issuer=provider.issuer,
        reader=token_reader_of(provider.id, plugin, clock),
        skew=provider.skew,
        scope_claim=provider.scope_claim,
        permissions_claim=provider.permissions_claim,
        user_claim=provider.user_claim,
        honour_exp=provider.honour_exp,
        senders=provider.senders,
    )


def _key_set(
    provider_id: str,
    issuer: IssuerSettings,
    services: KeyServices,
    clock: Clock,
    on_keys: OnKeys,
) -> KeySet:
    name = f"keys of `{provider_id}`"
    service_of = services.opener(allow_private=issuer.fetching.allow_private)

    def remote(document: KeyDocument) -> RemoteKeySet:
        wanted = issuer.fetching
        return RemoteKeySet(
            name,
            document,
            clock=clock,
            soft_ttl=wanted.refresh,
            cool_down=wanted.cool_down,
            max_stale=wanted.max_stale,
            on_keys=lambda table: on_keys(provider_id, len(table.keys), table.dropped),
        )

    match issuer.keys:
        case DiscoveredKeySource():
            return remote(DiscoveredKeys(service_of, issuer.issuer))
        case PublishedKeySource(url):
            return remote(PublishedKeys(service_of, url))
        case FileKeySource(path):
            return key_set_from_file(path)
        case InlineKeySource(document):
            return inline_key_set(document)
        case DevelopmentKeySource():
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
