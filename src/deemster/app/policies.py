"""`policies:` ► what loads the tree, knowing the token providers of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deemster.app.sources import source_facts
from deemster.errors import PolicyError
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSet, Severity
from deemster.policy.loading import load_tree
from deemster.policy.resolved import ProviderFacts
from deemster.policy.snapshot import PolicySnapshot
from deemster.settings.model import Settings
from deemster.settings.provider_model import (
    AssertedProviderSettings,
    TokenProviderSettings,
    VerifyingProviderSettings,
)

__all__ = ["policy_loader", "provider_facts", "unknown_api_services"]


def provider_facts(providers: Iterable[TokenProviderSettings]) -> Mapping[str, ProviderFacts]:
    """What a tree's checks need to know of the settings' token providers, by id."""
    return {
        provider.id: ProviderFacts(
            kind="internal"
            if isinstance(provider, VerifyingProviderSettings) and provider.internal
            else "external",
            asserted=isinstance(provider, AssertedProviderSettings),
        )
        for provider in providers
    }


def policy_loader(settings: Settings) -> Callable[[], PolicySnapshot]:
    """For PolicyStore. The loader raises PolicyError, also for a tree without an API service."""
    path = settings.policies.path
    facts, sources = provider_facts(settings.token_providers), source_facts(settings)

    def load() -> PolicySnapshot:
        snapshot = load_tree([path], facts, sources).snapshot
        if not snapshot.services:
            raise _nothing_to_serve(path)
        return snapshot

    return load


def unknown_api_services(settings: Settings, snapshot: PolicySnapshot) -> list[str]:
    """Ids that a gateway may ask for and the tree does not have: most likely misspelt."""
    named: set[str] = set()
    for gateway in settings.gateways:
        named |= gateway.api_services
    return sorted(named - set(snapshot.services) - {"*"})


def _nothing_to_serve(path: Path) -> PolicyError:
    found = Diagnostic(
        Code.EMPTY_TREE,
        Severity.ERROR,
        "the tree has no API service, so there is nothing to decide",
        SourceSpan(str(path), 1, 1, 1, 1),
        help="write a document of `kind: ApiService`",
    )
    return PolicyError("the policy tree has no API service", diagnostics=DiagnosticSet([found]))
