"""`policies:` ► where policies come from, and what must hold before they serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from deemster.app.http_services import breaker_of, build_http_service
from deemster.app.self_test import refuse_unless_it_decides
from deemster.app.sources import headers_of, source_facts
from deemster.bundles.keys import BundleKeys
from deemster.errors import ConfigurationError, PolicyError
from deemster.model.clock import Clock
from deemster.model.source import SourceSpan
from deemster.outgoing.bounds import CallBounds
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSet, Severity
from deemster.policy.loading import LoadedTree, load_files, load_tree
from deemster.policy.reading.files import PolicyFiles
from deemster.policy.resolved import ProviderFacts
from deemster.policy.snapshot import PolicySnapshot
from deemster.policyfeed.age import PolicyAge
from deemster.policyfeed.beside_loop import beside_event_loop
from deemster.policyfeed.bundle_feed import BundleFeed, FeedReports
from deemster.policyfeed.feed import Candidate, PolicyFeed
from deemster.policyfeed.given_feed import GivenFeed, SharedPolicies
from deemster.policyfeed.last_known_good import LastKnownGood
from deemster.policyfeed.sources import BundleSource, FileBundles, HttpBundles
from deemster.policyfeed.tree_feed import TreeFeed
from deemster.settings.model import Settings
from deemster.settings.policy_model import BundleSettings
from deemster.settings.provider_model import (
    AssertedProviderSettings,
    TokenProviderSettings,
    VerifyingProviderSettings,
)

__all__ = [
    "PolicyPreparation",
    "build_feed",
    "provider_facts",
    "reread_bundle_access",
    "unknown_api_services",
]


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


class PolicyPreparation:
    """Files ► policies that may serve, knowing the token providers of the settings.

    Every method takes its time (a large tree takes seconds), so it belongs into a thread.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._providers = provider_facts(settings.token_providers)
        self._sources = source_facts(settings)

    def of_path(self, path: Path) -> Candidate:
        """Read and prepare a tree. Raises PolicyError and SelfTestFailedError."""
        with beside_event_loop():
            return self._tested(load_tree([path], self._providers, self._sources), str(path))

    def of_files(self, files: PolicyFiles) -> Candidate:
        """Prepare files that were read. Raises as `of_path`."""
        with beside_event_loop():
            loaded = load_files(files, self._providers, sources=self._sources)
            return self._tested(loaded, files.files[0].shown if files.files else "policies")

    def of_tested_files(self, files: PolicyFiles) -> Candidate:
        """The same of files whose own suites have passed in another process."""
        with beside_event_loop():
            loaded = load_files(files, self._providers, sources=self._sources)
            refuse_unless_it_decides(loaded, self._clock)
            return Candidate(loaded.snapshot, files)

    def _tested(self, loaded: LoadedTree, shown: str) -> Candidate:
        if not loaded.snapshot.services:
            raise _nothing_to_serve(shown)
        refuse_unless_it_decides(loaded, self._clock)
        if self._settings.policies.run_suites:
            # Slow to import, and most services do without it.
            from deemster.app.tree_suites import refuse_unless_suites_pass

            refuse_unless_suites_pass(loaded, self._settings, self._clock)
        return Candidate(loaded.snapshot, loaded.files)


def build_feed(
    settings: Settings, *, clock: Clock, reports: FeedReports, given: SharedPolicies | None = None
) -> PolicyFeed:
    """Nothing is read yet but keys of bundles. Raises ConfigurationError.

    `given`: what another process of this service has loaded.
    """
    preparation = PolicyPreparation(settings, clock)
    policies = settings.policies
    bundle = policies.bundle
    age = None if bundle is None else PolicyAge(clock, bundle.maximum_age)
    if given is not None:
        return GivenFeed(given, preparation.of_tested_files, age)
    if bundle is not None and age is not None:
        return BundleFeed(
            source=_source_of(bundle, clock),
            shown_source=bundle.shown_source,
            keys=BundleKeys.read(bundle.keys),
            environment=settings.environment,
            kept=LastKnownGood(bundle.cache, settings.environment),
            prepare=preparation.of_files,
            age=age,
            poll=bundle.poll,
            clock=clock,
            reports=reports,
        )
    path = policies.path
    if path is None:
        raise ConfigurationError("`policies` has neither `path` nor `bundle`")
    return TreeFeed(path, lambda: preparation.of_path(path), watched=policies.watch, clock=clock)


def reread_bundle_access(
    settings: Settings,
) -> tuple[BundleKeys, Mapping[str, str] | None] | None:
    """Pinned keys, and what goes with questions over HTTP, as their files have them now.

    None where policies come in no bundle. Raises ConfigurationError.
    """
    bundle = settings.policies.bundle
    if bundle is None:
        return None
    headers = None if bundle.source is None else headers_of(bundle.source, reread=True)
    return BundleKeys.read(bundle.keys), headers


def _source_of(bundle: BundleSettings, clock: Clock) -> BundleSource:
    if bundle.source is None:
        if bundle.file is None:
            raise ConfigurationError("`policies.bundle` has neither `url` nor `file`")
        return FileBundles(bundle.file)
    outgoing = bundle.source.outgoing
    service = build_http_service(
        outgoing,
        called="`policies.bundle`",
        clock=clock,
        headers=headers_of(bundle.source, reread=False),
        is_endpoint=True,
    )
    bounds = CallBounds(breaker_of(outgoing, clock), concurrency=outgoing.concurrency)
    return HttpBundles(service, bounds, bundle.timeout)


def unknown_api_services(settings: Settings, snapshot: PolicySnapshot) -> list[str]:
    """Ids that a gateway may ask for and the tree does not have: most likely misspelt."""
    named: set[str] = set()
    for gateway in settings.gateways:
        named |= gateway.api_services
    return sorted(named - set(snapshot.services) - {"*"})


def _nothing_to_serve(shown: str) -> PolicyError:
    found = Diagnostic(
        Code.EMPTY_TREE,
        Severity.ERROR,
        "the tree has no API service, so there is nothing to decide",
        SourceSpan(shown, 1, 1, 1, 1),
        help="write a document of `kind: ApiService`",
    )
    return PolicyError("the policy tree has no API service", diagnostics=DiagnosticSet([found]))
