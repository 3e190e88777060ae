"""The service as one object: what is served, and starting, reloading and ending it.

build_application ► startup ► (decisions, management: ASGI applications) ► reload … ► shutdown
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from deemster import __version__
from deemster.app.authzen import authzen_exchanges, authzen_pages
from deemster.app.changed_settings import ChangedSettings, compare_settings
from deemster.app.counted_dependencies import tell_dependencies
from deemster.app.decision_endpoints import decision_endpoint_prefixes
from deemster.app.decision_log import build_recorder, stdout_target
from deemster.app.directory_services import DirectoryCredentials
from deemster.app.ext_authz_http import ext_authz_http_exchanges
from deemster.app.forward_auth import forward_auth_exchanges
from deemster.app.openapi import openapi_of
from deemster.app.pep import (
    build_authenticator,
    credential_ids,
    credentials_of,
    reread_credentials,
)
from deemster.app.policies import build_feed, reread_bundle_access, unknown_api_services
from deemster.app.providers import TokenProviders, build_token_providers
from deemster.app.pulse import BEAT_SECONDS, LoopPulse
from deemster.app.senders import build_sender_constraints
from deemster.app.serving_policies import ServingPolicies, with_first_finding
from deemster.app.shadow import ShadowTree, build_shadow
from deemster.app.shared import SharedState, build_shared_state
from deemster.app.sideband import sideband_exchanges
from deemster.app.sources import SourcesOfSettings, build_attribute_sources
from deemster.app.state_keys import build_states, sealing_keys
from deemster.app.tracing import DecisionTracing, build_tracing
from deemster.app.users import build_change_listeners, build_user_resolver
from deemster.decisionlog.recorder import DecisionRecorder
from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.decisions.sealed_states import SealedStates
from deemster.decisions.shadowed import Deciding
from deemster.decisions.stages import Stages
from deemster.errors import ConfigurationError
from deemster.gateways.credential_use import CredentialUse
from deemster.gateways.deciding import RecordedDecisions
from deemster.gateways.http_endpoint import HttpEndpoint
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.pep_auth import PepAuthenticator
from deemster.management.application import build_management_application
from deemster.management.status import ServiceStatus
from deemster.model.clock import Clock, SystemClock
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore, nothing_loaded
from deemster.policyfeed.bundle_feed import BundleFeed
from deemster.policyfeed.given_feed import SharedPolicies
from deemster.settings.model import Settings
from deemster.settings.policy_model import WhenTooOld
from deemster.settings.state_key_sections import reread_state_keys
from deemster.telemetry.metrics import ServiceFigures, register_figures
from deemster.telemetry.policy_reports import PolicyReports
from deemster.telemetry.reports import ServiceReports
from deemster.telemetry.service_log import ServiceLog
from deemster.tokens.sender_constraints import SenderConstraints
from deemster.usercontext.resolver import UserResolver

if TYPE_CHECKING:
    from deemster.gateways.grpc_endpoint import GrpcEndpoint
    from deemster.usercontext.changes import ChangeListener

__all__ = ["Application", "build_application", "new_id"]

STDOUT = 1


class _Ids:
    """128 random bits each, drawn from the system many at a time: asking it costs as much as all of
    judging, where the processor has just done something else."""

    __slots__ = ("_at", "_drawn")

    def __init__(self) -> None:
        self._drawn = ""
        self._at = 0

    def __call__(self) -> str:
        at = self._at
        if at == len(self._drawn):
            self._drawn = os.urandom(_DRAWN_OCTETS).hex()
            at = 0
        self._at = at + _ID_LENGTH
        return self._drawn[at : at + _ID_LENGTH]


_ID_LENGTH = 32
_DRAWN_OCTETS = 4096

new_id = _Ids()
"""Ids of decisions and of refusals."""


class Application:
    """Everything that serves, built and wired. Made by `build_application`."""

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        *,
        settings: Settings,
        decisions: HttpEndpoint,
        openapi: Callable[[], bytes],
        ext_authz: GrpcEndpoint | None,
        policies: ServingPolicies,
        bundles: BundleFeed | None,
        authenticator: PepAuthenticator,
        providers: TokenProviders,
        users: UserResolver,
        directories: DirectoryCredentials,
        listeners: Sequence[ChangeListener],
        attributes: SourcesOfSettings,
        shared: SharedState,
        states: SealedStates,
        recorder: DecisionRecorder,
        shadow: ShadowTree | None,
        tracing: DecisionTracing | None,
        pulse: LoopPulse,
        figures: ServiceFigures,
        clock: Clock,
        log: ServiceLog,
        after_load: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.decisions = decisions
        self.ext_authz = ext_authz
        self.figures = figures
        self.openapi = openapi
        registry = CollectorRegistry(auto_describe=False)
        register_figures(registry, figures, __version__)
        self.management: Starlette = build_management_application(
            status=self.status, registry=registry, version=__version__, openapi=openapi
        )
        self._policies = policies
        self._bundles = bundles
        self._authenticator = authenticator
        self._providers = providers
        self._users = users
        self._directories = directories
        self._listeners = listeners
        self._attributes = attributes
        self._shared = shared
        self._states = states
        self._recorder = recorder
        self._shadow = shadow
        self._tracing = tracing
        self._pulse = pulse
        self._clock = clock
        self._log = log
        self._after_load = after_load
        self._ending = False
        self._reloading = asyncio.Lock()

    def status(self) -> ServiceStatus:
        """What `/ready` tells."""
        policies = self._policies
        return ServiceStatus(
            ready=policies.revision is not None and not self._ending,
            environment=self.settings.environment,
            revision=policies.revision,
            policies=policies.status,
            degraded=policies.degraded,
            insecure=self.settings.insecure_flags,
            restart_needed=self.figures.restart_needed,
        )

    async def startup(self) -> None:
        """Load the policies and begin to record.

        Raises PolicyError, SelfTestFailedError and ConfigurationError: what is bad is not served.
        """
        snapshot = await self._policies.load()
        self._recorder.start()
        if self._tracing is not None:
            self._tracing.sink.start()
        self._pulse.start()
        await self._shared.start()
        for listener in self._listeners:
            listener.start()
        if self._shadow is not None:
            await self._shadow.reload()
        silent = await self._users.warm_up()
        if silent:
            self._log.warning("directories_did_not_answer", ids=list(silent))
        self.figures.insecure = self.settings.insecure_flags
        if self.settings.insecure_flags:
            self._log.warning("insecure_settings_found", flags=self.settings.insecure_flags)
        self._loaded(snapshot)

    async def check(self) -> None:
        """Load the policies and nothing else, for one that is never asked. Raises as `startup`."""
        await self._policies.load()

    async def due(self) -> None:
        """Return when there may be other policies; never where only a signal says so."""
        await self._policies.due()

    async def refresh(self) -> bool:
        """Take policies as their source has them now, and nothing else; False: they are refused."""
        return await self._policies.take_fresh(self._loaded)

    async def reload(
        self,
        prepare: Callable[[], None] = lambda: None,
        reread: Callable[[], Settings] | None = None,
    ) -> bool:
        """Take settings and secret files as they are now, and policies that lie beside them: all,
        or (False) nothing.

        `reread` reads the settings; without it they are what they were.
        `prepare` reads what else is renewed, and raises ConfigurationError where it is not to be
        used: nothing is then.
        """
        async with self._reloading:
            self._recorder.reopen()
            try:
                changed = await self._changed(reread)
                settings = changed.settings
                credentials = reread_credentials(settings.gateways)
                # Refuses what cannot be used before anything is swapped.
                authenticator = build_authenticator(
                    settings,
                    credentials,
                    clock=self._clock,
                    providers=self._providers.by_id,
                    revocations=self._shared.check,
                )
                headers = self._attributes.reread_credentials()
                state_keys = reread_state_keys(settings.state_keys)
                clients = self._providers.introspection.reread()
                directories = self._directories.reread()
                of_bundles = None if self._bundles is None else reread_bundle_access(self.settings)
                await asyncio.to_thread(prepare)
            except ConfigurationError as error:
                self._policies.refuse("settings", with_first_finding(error))
                return False
            if self._policies.beside_settings and not await self.refresh():
                return False
            self._take_settings(changed)
            self._authenticator.become(authenticator)
            self._attributes.replace_credentials(headers)
            self._providers.introspection.replace(clients)
            self._directories.replace(directories)
            if state_keys:
                self._states.replace_keys(sealing_keys(state_keys))
            if self._bundles is not None and of_bundles is not None:
                self._bundles.renew(*of_bundles)
            if self._shadow is not None:
                await self._shadow.reload()
            self._policies.settings_taken()
            return True

    async def _changed(self, reread: Callable[[], Settings] | None) -> ChangedSettings:
        if reread is None:
            return ChangedSettings(self.settings, self.figures.restart_needed)
        return compare_settings(self.settings, await asyncio.to_thread(reread))

    def _take_settings(self, changed: ChangedSettings) -> None:
        self.settings = changed.settings
        self.figures.credentials.know(credential_ids(changed.settings.gateways))
        self.figures.restart_needed = changed.restart_needed
        if changed.restart_needed:
            self._log.warning("restart_needed", settings=list(changed.restart_needed))

    @property
    def policies_beside_settings(self) -> bool:
        """Whether `reload` takes policies as well."""
        return self._policies.beside_settings

    def shared_policies(self) -> SharedPolicies:
        """What other processes of this service are to serve."""
        return self._policies.shared()

    def give_policies(self, given: SharedPolicies) -> None:
        """What the supervisor serves, for the next `reload` or `refresh`."""
        self._policies.give(given)

    def begin_to_end(self) -> None:
        """`/ready` says no from here on; calls in hand are still answered."""
        self._ending = True

    async def shutdown(self, within: float) -> None:
        """Write what is to be recorded, for at most `within` seconds, and let go of the rest."""
        self.begin_to_end()
        self._pulse.stop()
        if self._shadow is not None:
            await self._shadow.close()
        await self._recorder.close(within)
        if self._tracing is not None:
            await self._tracing.sink.close(within)
        await self._policies.close()
        for listener in self._listeners:
            await listener.close()
        await self._users.close()
        await self._attributes.close()
        await self._shared.close()
        await self._providers.close()

    def _loaded(self, snapshot: PolicySnapshot) -> None:
        self._log.info(
            "policies_loaded", revision=snapshot.revision, api_services=len(snapshot.services)
        )
        unknown = unknown_api_services(self.settings, snapshot)
        if unknown:
            self._log.warning("unknown_api_services_named_by_gateways", ids=unknown)
        looking = [service.id for service in snapshot.looking_at_answers]
        if looking and not self.settings.state_keys:
            self._log.warning("state_keys_missing", api_services=looking)
        self._after_load()


def build_application(  # noqa: PLR0913  (what a process is given, each by keyword)
    settings: Settings,
    *,
    clock: Clock,
    log: ServiceLog,
    make_id: Callable[[], str] = new_id,
    stdout: int = STDOUT,
    stdout_lock: int | None = None,
    after_load: Callable[[], None] = lambda: None,
    given: SharedPolicies | None = None,
) -> Application:
    """Build and wire everything; nothing runs yet. Raises ConfigurationError.

    `stdout` is the descriptor that the `stdout` sink writes to, `stdout_lock` of a file to lock
    meanwhile where other processes write to it as well. `after_load` is called whenever
    policies were loaded. `given` are policies that another process of this service has loaded.
    """
    figures = ServiceFigures()
    figures.credentials = CredentialUse(credential_ids(settings.gateways))
    reports = ServiceReports(log, figures, clock)
    shared = build_shared_state(settings, clock, reports.shared_store_changed)
    providers = build_token_providers(
        settings.token_providers,
        clock,
        counters=figures.introspections,
        shared=shared.store,
        on_keys=reports.keys_taken,
    )
    directories = DirectoryCredentials()
    users = build_user_resolver(settings, clock, directories, figures.dependencies.directories)
    listeners = build_change_listeners(settings, users, reports.directory_listened_to)
    attributes = build_attribute_sources(settings, clock, figures.attributes)
    figures.shared = shared.store
    figures.revocations = shared.mirror
    store = PolicyStore(nothing_loaded)
    policy_reports = PolicyReports(log, figures.policies)
    feed = build_feed(settings, clock=clock, reports=policy_reports, given=given)
    bundle = settings.policies.bundle
    policies = ServingPolicies(
        store=store,
        feed=feed,
        when_too_old=WhenTooOld.SERVE if bundle is None else bundle.when_too_old,
        figures=figures.policies,
        reports=policy_reports,
        clock=clock,
    )
    authenticator = build_authenticator(
        settings,
        credentials_of(settings.gateways),
        clock=clock,
        providers=providers.by_id,
        revocations=shared.check,
        use=figures.credentials,
    )
    tracing = build_tracing(settings, figures, reports, clock)
    deadlines = settings.deadlines

    def make_point(
        store: PolicyStore,
        senders: SenderConstraints,
        *,
        observes: bool = False,
        stages: Stages | None = None,
    ) -> DecisionPoint:
        return DecisionPoint(
            store=store,
            providers=providers.by_id,
            users=users,
            clock=clock,
            new_id=make_id,
            report_fault=reports.fault,
            deadlines=Deadlines(
                deadlines.decision, deadlines.token, deadlines.user, deadlines.attribute
            ),
            attributes=attributes.sources,
            senders=senders,
            revocations=shared.check,
            observes=observes,
            stages=stages,
        )

    live = make_point(
        store,
        build_sender_constraints(settings, clock, shared.store),
        observes=settings.decision_log.replay is not None,
        stages=Stages(
            figures.dependencies.stages, clock, None if tracing is None else tracing.tracer
        ),
    )
    tell_dependencies(figures.dependencies, providers, users, directories, attributes)
    states = build_states(settings, clock)
    recorder = build_recorder(
        settings, figures.decisions, reports, clock, stdout_target(stdout, stdout_lock)
    )
    pulse = LoopPulse(clock, settings.limits.queue_timeout / 2)
    shadow = build_shadow(
        settings,
        make_point=make_point,
        counters=figures.shadow,
        recorder=recorder,
        is_busy=lambda: pulse.noticed() != math.inf,
        clock=clock,
        log=log,
    )
    point: Deciding = live if shadow is None else shadow.beside(live)
    figures.loop_lag = pulse.lag
    decisions = RecordedDecisions(
        recorder=recorder if tracing is None else tracing.recording(recorder),
        reports=reports,
        clock=clock,
        new_id=make_id,
        concurrency=settings.limits.concurrency,
        # The pulse may be so much too early.
        queue_seconds=settings.limits.queue_timeout + BEAT_SECONDS,
        # A clock that is moved by hand says nothing of the loop.
        noticed=pulse.noticed if isinstance(clock, SystemClock) else None,
    )
    endpoint = HttpEndpoint(
        exact={
            **sideband_exchanges(settings, point, states, decisions),
            **authzen_exchanges(settings, point, decisions, reports, make_id),
            **forward_auth_exchanges(settings, point, decisions),
        },
        prefixes=[
            *ext_authz_http_exchanges(settings, point, decisions),
            *decision_endpoint_prefixes(
                settings,
                point,
                decisions,
                store=store,
                reports=reports,
                clock=clock,
                new_id=make_id,
            ),
        ],
        pages=authzen_pages(settings),
        authenticator=authenticator,
        reports=reports,
        new_id=make_id,
        limits=_limits(settings),
    )
    ext_authz = None
    if settings.listeners.ext_authz is not None:
        # Its libraries take 15 MB and a tenth of a second, which nobody without an Envoy needs.
        from deemster.app.ext_authz_grpc import ext_authz_grpc_endpoint

        ext_authz = ext_authz_grpc_endpoint(
            settings, point, decisions, authenticator, reports, make_id
        )
    return Application(
        settings=settings,
        decisions=endpoint,
        openapi=lambda: openapi_of(settings, endpoint.served),
        ext_authz=ext_authz,
        policies=policies,
        bundles=feed if isinstance(feed, BundleFeed) else None,
        authenticator=authenticator,
        providers=providers,
        users=users,
        directories=directories,
        listeners=listeners,
        attributes=attributes,
        shared=shared,
        states=states,
        recorder=recorder,
        shadow=shadow,
        tracing=tracing,
        pulse=pulse,
        figures=figures,
        clock=clock,
        log=log,
        after_load=after_load,
    )


def _limits(settings: Settings) -> EndpointLimits:
    limits, server = settings.limits, settings.listeners.decisions.server
    return EndpointLimits(
        body=limits.body,
        headers=None,  # the listener counts their bytes itself
        header_count=limits.header_count,
        # The one server has a timer of its own; on connections of the other, calls come together.
        body_timeout=None if server == "uvicorn" else limits.body_timeout,
    )
