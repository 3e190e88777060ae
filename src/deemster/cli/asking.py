"""Asks the decision point one question from the shell, with made-up providers or real settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import typer

from deemster.attributesources.counters import FetchCounters
from deemster.cli.directory import described_user
from deemster.cli.profiles import provider_profiles
from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.errors import ConfigurationError
from deemster.gateways.answers import refusal_of
from deemster.model.clock import SystemClock
from deemster.model.decision import Decision
from deemster.model.gateway import ALL_API_SERVICES, Gateway, GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.loading import LoadedTree
from deemster.policy.snapshot import CompiledService
from deemster.policy.store import PolicyStore
from deemster.policy.values import TraceEntry
from deemster.policytest.cases import GivenAttribute
from deemster.policytest.desk import Desk
from deemster.policytest.explanation import Explanations
from deemster.policytest.minting import with_defaults
from deemster.policytest.providers import throw_away_providers
from deemster.policytest.subject import subjects_of
from deemster.policytest.trace import OperationNodes, TraceRow
from deemster.settings.model import Settings, VerifyingProviderSettings

__all__ = ["Answer", "Question", "ask_made_up", "ask_with_settings"]

_SHELL = "shell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call; a token as given, or the claims of one to be minted.

    `user` is what the directory says, `attributes` what their sources answer, `gateway` the id of
    the one that asks.
    """

    call: ApiCall
    token: str | None = field(default=None, repr=False)
    minted: Mapping[str, object] | None = None
    user: Mapping[str, object] | None = None
    attributes: Mapping[str, object] | None = None
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, the status a denied end user is told, and the operation's nodes."""

    decision: Decision
    status: int | None
    trace: tuple[TraceRow, ...]


async def ask_made_up(question: Question, loaded: LoadedTree) -> Answer:
    """Without settings: providers made up from the tree, a throw-away key for each."""
    if question.gateway is not None:
        raise typer.BadParameter("needs --config", param_hint="--gateway")
    if question.token is not None:
        raise typer.BadParameter(
            "no token can be verified without --config: say what is in it by --sub, --scope and "
            "--claim, or assert --claims",
            param_hint="--token",
        )
    now = int(SystemClock().wall())
    providers = throw_away_providers(provider_profiles(loaded, None))
    call = question.call
    claims = question.minted or call.asserted_claims or {}
    desk = Desk(described_user(claims.get("sub"), question.user), _store_of(loaded), providers)
    service = _service(call, loaded)
    if question.minted is not None and service is not None:
        minter = providers[service.provider_id].minter
        if minter is None:
            raise _only_asserted(service)
        token = minter.mint(question.minted, None, audience=service.audience, now=now)
        call = _with_bearer(call, token)
    visited: list[TraceEntry] = []
    given = _given(question.attributes or {}, service, loaded)
    decision = await desk.ask(now, call, GatewayCaller(_shell(providers), None), visited, given)
    return _answer(decision, visited, loaded, fault=desk.last_fault)


async def ask_with_settings(question: Question, loaded: LoadedTree, settings: Settings) -> Answer:
    """With the settings' own providers, keys and directories; nothing is recorded."""
    if question.user is not None:
        raise typer.BadParameter(
            "with --config the directory says who the user is", param_hint="--user"
        )
    if question.attributes is not None:
        raise typer.BadParameter(
            "with --config the services and queries of the settings are asked",
            param_hint="--attributes",
        )
    from deemster.app import (  # slow to import
        build_attribute_sources,
        build_token_providers,
        build_user_resolver,
        new_id,
    )

    clock = SystemClock()
    faults: list[str] = []
    providers = build_token_providers(settings.token_providers, clock)
    users = build_user_resolver(settings, clock)
    attributes = build_attribute_sources(settings, clock, FetchCounters())
    deadlines = settings.deadlines
    point = DecisionPoint(
        store=_store_of(loaded),
        providers=providers.by_id,
        users=users,
        clock=clock,
        new_id=new_id,
        report_fault=lambda fault, _: faults.append(f"{type(fault).__name__}: {fault}"),
        deadlines=Deadlines(
            deadlines.decision, deadlines.token, deadlines.user, deadlines.attribute
        ),
        attributes=attributes.sources,
    )
    call = question.call
    service = _service(call, loaded)
    token = question.token
    if question.minted is not None and service is not None:
        key = providers.development_keys.get(service.provider_id)
        if key is None:
            raise ConfigurationError(
                f"provider `{service.provider_id}` has no development key to mint with: use "
                "--token, or --claims where a gateway asserts them"
            )
        token = key.mint(
            with_defaults(
                question.minted,
                issuer=_issuer(settings, service.provider_id),
                audience=service.audience,
                now=int(clock.wall()),
            )
        )
    if token is not None:
        call = _with_bearer(call, token)
    visited: list[TraceEntry] = []
    try:
        caller = GatewayCaller(_gateway(question, settings), None)
        decision = await point.decide(call, caller, visited)
    finally:
        await users.close()
        await attributes.close()
        await providers.close()
    return _answer(decision, visited, loaded, fault="".join(faults))


def _given(
    attributes: Mapping[str, object], service: CompiledService | None, loaded: LoadedTree
) -> list[GivenAttribute]:
    """By the names that the case of a policy test would have for them."""
    subjects = subjects_of(loaded.tree, {}) if attributes and service is not None else {}
    known = subjects[service.id].attributes.fetched if service is not None and subjects else {}
    found = []
    for name, value in attributes.items():
        meant = known.get(name, frozenset())
        if len(meant) != 1:
            told = "more than one attribute" if meant else "no attribute that has a source"
            near = did_you_mean(name, known) if not meant else None
            raise typer.BadParameter(
                f"`{name}` is {told} of the API service" + (f"; {near}" if near else ""),
                param_hint="--attributes",
            )
        found.append(GivenAttribute(meant, value, None))
    return found


def _answer(
    decision: Decision, visited: list[TraceEntry], loaded: LoadedTree, *, fault: str
) -> Answer:
    status = None if decision.permitted else refusal_of(decision).status
    explanations = Explanations(loaded.files.sources())
    rows = OperationNodes(loaded.resolved, explanations).rows(decision, visited)
    if fault:
        decision = decision._replace(error=fault)
    return Answer(decision, status, rows)


def _store_of(loaded: LoadedTree) -> PolicyStore:
    store = PolicyStore(lambda: loaded.snapshot)
    store.load()
    return store


def _gateway(question: Question, settings: Settings) -> Gateway:
    if question.gateway is None:
        return _shell(provider.id for provider in settings.token_providers)
    for gateway in settings.gateways:
        if gateway.id == question.gateway:
            return Gateway(
                id=gateway.id,
                protocols=gateway.protocols,
                api_services=gateway.api_services,
                asserts=gateway.asserts,
                claims=gateway.claims,
                may_name_subjects=gateway.may_name_subjects,
            )
    near = did_you_mean(question.gateway, [gateway.id for gateway in settings.gateways])
    raise typer.BadParameter(
        f"the settings have no gateway `{question.gateway}`" + (f"; {near}" if near else ""),
        param_hint="--gateway",
    )


def _shell(providers: Iterable[str]) -> Gateway:
    """Whoever can read settings and policies may ask anything of them."""
    return Gateway(
        id=_SHELL,
        protocols=frozenset(),
        api_services=frozenset({ALL_API_SERVICES}),
        asserts=frozenset(providers),
    )


def _issuer(settings: Settings, provider_id: str) -> str:
    return next(
        provider.issuer
        for provider in settings.token_providers
        if provider.id == provider_id and isinstance(provider, VerifyingProviderSettings)
    )


def _only_asserted(service: CompiledService) -> ConfigurationError:
    return ConfigurationError(
        f"provider `{service.provider_id}` takes claims from a gateway only: use --claims"
    )


def _with_bearer(call: ApiCall, token: str) -> ApiCall:
    pair = ("authorization", f"Bearer {token}")
    return call._replace(headers=Headers((*call.headers.pairs, pair)))


def _service(call: ApiCall, loaded: LoadedTree) -> CompiledService | None:
    try:
        found = loaded.snapshot.find(canonical_url(call.url))
    except MalformedUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    return found[0].service if found is not None else None
