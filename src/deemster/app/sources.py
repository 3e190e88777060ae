"""`services:`, `databases:`, `queries:` ► sources of attributes behind one cache."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.app.http_services import breaker_of, build_http_service
from deemster.attributesources.bounded import BoundedSource
from deemster.attributesources.cache import AnswerCache
from deemster.attributesources.counters import FetchCounters
from deemster.attributesources.http import HttpSource
from deemster.attributesources.source import AttributeSource
from deemster.attributesources.sources import AttributeSources
from deemster.attributesources.sql import SqlSource, query_parameters
from deemster.model.clock import Clock
from deemster.outgoing.addresses import Resolver, system_resolver
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.databases import open_engine
from deemster.policy.resolved import SourceFacts
from deemster.settings.model import Settings
from deemster.settings.outgoing_model import QuerySettings, ServiceSettings
from deemster.settings.secret import reread_secret

__all__ = ["SourcesOfSettings", "build_attribute_sources", "headers_of", "source_facts"]

_QUERIES_AT_A_TIME = 16


def source_facts(settings: Settings) -> SourceFacts:
    """What a tree's checks need to know of the services and queries that attributes name."""
    return SourceFacts(
        services={
            service.name: frozenset(headers_of(service, reread=False))
            for service in settings.services
        },
        queries={query.name: query_parameters(query.sql) for query in settings.queries},
    )


def headers_of(service: ServiceSettings, *, reread: bool) -> dict[str, str]:
    """A service's own headers by lower-case name. Raises ConfigurationError on a re-read."""
    found = dict(service.headers)
    values = {
        name: (reread_secret(secret) if reread else secret).reveal()
        for name, secret in found.items()
    }
    if service.bearer is not None:
        bearer = reread_secret(service.bearer) if reread else service.bearer
        values["authorization"] = f"Bearer {bearer.reveal()}"
    return values


class SourcesOfSettings:
    """The sources, with what only those who build and end them need."""

    def __init__(
        self,
        sources: AttributeSources,
        services: Mapping[str, tuple[ServiceSettings, HttpSource]],
        engines: Mapping[str, AsyncEngine],
        cache: AnswerCache,
    ) -> None:
        self.sources = sources
        self.cache = cache
        self._services = services
        self._engines = engines

    def reread_credentials(self) -> Mapping[str, dict[str, str]]:
        """Each service's headers as the secret files have them now. Raises ConfigurationError."""
        return {
            name: headers_of(settings, reread=True)
            for name, (settings, _) in self._services.items()
        }

    def replace_credentials(self, headers: Mapping[str, dict[str, str]]) -> None:
        """Send these from here on."""
        for name, (_, source) in self._services.items():
            source.replace_headers(headers[name])

    async def close(self) -> None:
        """End what is under way, and let go of connections."""
        await self.sources.close()
        for engine in self._engines.values():
            await engine.dispose()


def build_attribute_sources(
    settings: Settings,
    clock: Clock,
    counters: FetchCounters,
    resolver: Resolver = system_resolver,
) -> SourcesOfSettings:
    """Nothing is connected yet. Raises ConfigurationError."""
    services = {
        service.name: (service, _http_source(service, clock, resolver))
        for service in settings.services
    }
    engines = {
        database.name: open_engine(database.url.reveal(), read_only=True)
        for database in settings.databases
    }

    def bounded(
        source: AttributeSource, concurrency: int, breaker: CircuitBreaker
    ) -> BoundedSource:
        return BoundedSource(source, breaker=breaker, concurrency=concurrency, counters=counters)

    cache = AnswerCache()
    sources = AttributeSources(
        services=[
            bounded(
                source,
                service.outgoing.concurrency,
                breaker_of(service.outgoing, clock),
            )
            for service, source in services.values()
        ],
        queries=[
            bounded(_sql_source(query, engines), _QUERIES_AT_A_TIME, CircuitBreaker(clock))
            for query in settings.queries
        ],
        cache=cache,
        counters=counters,
        clock=clock,
        timeout=settings.deadlines.attribute,
    )
    return SourcesOfSettings(sources, services, engines, cache)


def _sql_source(query: QuerySettings, engines: Mapping[str, AsyncEngine]) -> SqlSource:
    return SqlSource(query.name, engines[query.database], query.sql, most_rows=query.rows)


def _http_source(service: ServiceSettings, clock: Clock, resolver: Resolver) -> HttpSource:
    asked = build_http_service(
        service.outgoing,
        called=f"the service `{service.name}`",
        clock=clock,
        headers=headers_of(service, reread=False),
        resolver=resolver,
    )
    return HttpSource(service.name, asked)
