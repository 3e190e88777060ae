"""Asks the decision point one question from the shell, with made-up providers or real settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import typer
from msgspec.structs import replace

from deemster.attributesources.counters import FetchCounters
from deemster.cli.directory import described_user
from deemster.cli.profiles import provider_profiles
from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.decisions.questions import AnsweredBy, answered_by
from deemster.decisions.questions import Question as AccessQuestion
from deemster.errors import ConfigurationError
from deemster.gateways.answers import refusal_of
from deemster.model.access import AccessRequest
from deemster.model.clock import SystemClock
from deemster.model.decision import Decision
from deemster.model.gateway import ALL_API_SERVICES, Gateway, GatewayCaller
from deemster.model.http import EVERY_STATEMENT, ApiCall, Headers
from deemster.model.identity import Credential
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
from deemster.settings.model import Settings
from deemster.settings.provider_model import VerifyingProviderSettings

__all__ = ["Answer", "Question", "ask_made_up", "ask_with_settings"]

_SHELL = "shell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call, or a question of AuthZEN; a token as given, or the claims of one to be minted.

    `user` is what the directory says, `attributes` what their sources answer, `gateway` the id of
    the one that asks; without one `api_service` is the only one that the shell has a business with.
    """

    asked: ApiCall | AccessRequest
    token: str | None = field(default=None, repr=False)
    minted: Mapping[str, object] | None = None
    user: Mapping[str, object] | None = None
    attributes: Mapping[str, object] | None = None
    gateway: str | None = None
    api_service: str | None = None


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
    asked = question.asked
    users = described_user(_subject(question), question.user)
    desk = Desk(users, _store_of(loaded), providers)
    caller = GatewayCaller(_shell(providers, question, loaded), None)
    service = _service(asked, caller, loaded)
    token = None
    if question.minted is not None and service is not None:
        minter = providers[service.provider_id].minter
        if minter is None:
            raise _only_asserted(service)
        token = minter.mint(question.minted, None, audience=service.audience, now=now)
    visited: list[TraceEntry] = []
    given = _given(question.attributes or {}, service, loaded)
    if isinstance(asked, AccessRequest):
        decision = await desk.ask_access(now, _with_token(asked, token), caller, visited, given)
    else:
        decision = await desk.ask(now, _with_bearer(asked, token), caller, visited, given)
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
    asked = question.asked
    caller = GatewayCaller(_gateway(question, settings, loaded), None)
    service = _service(asked, caller, loaded)
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
    visited: list[TraceEntry] = []
    try:
        if isinstance(asked, AccessRequest):
            decision = await point.decide_access(
                _with_token(asked, token), caller, visited, possible=EVERY_STATEMENT
            )
        else:
            decision = await point.decide(_with_bearer(asked, token), caller, visited)
    finally:
        await users.close()
        await attributes.close()
        await providers.close()
    return _answer(decision, visited, loaded, fault="".join(faults))


def _given(
    attributes: Mapping[str, object], service: CompiledService | None, loaded: LoadedTree
) -> list[GivenAttribute]:
    """By the names that the case of a policy test would have for them."""
    subjects = subjects_of(loaded) if attributes and service is not None else {}
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
        decision = replace(decision, error=fault)
    return Answer(decision, status, rows)


def _store_of(loaded: LoadedTree) -> PolicyStore:
    store = PolicyStore(lambda: loaded.snapshot)
    store.load()
    return store


def _subject(question: Question) -> object:
    """Who the directory is to know."""
    if isinstance(question.asked, AccessRequest):
        return question.asked.subject.id
    return (question.minted or question.asked.asserted_claims or {}).get("sub")


def _gateway(question: Question, settings: Settings, loaded: LoadedTree) -> Gateway:
    if question.gateway is None:
        providers = [provider.id for provider in settings.token_providers]
        return _shell(providers, question, loaded)
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


def _shell(providers: Iterable[str], question: Question, loaded: LoadedTree) -> Gateway:
    """Whoever can read settings and policies may ask anything of them."""
    return Gateway(
        id=_SHELL,
        protocols=frozenset(),
        api_services=frozenset({_business(question, loaded)}),
        asserts=frozenset(providers),
        may_name_subjects=True,
    )


def _business(question: Question, loaded: LoadedTree) -> str:
    """The one service of the shell, or all of them; a route can mean that of one alone."""
    services = loaded.snapshot.services
    if question.api_service is None:
        return next(iter(services)) if len(services) == 1 else ALL_API_SERVICES
    if question.api_service in services:
        return question.api_service
    near = did_you_mean(question.api_service, services)
    raise typer.BadParameter(
        f"the tree has no API service `{question.api_service}`" + (f"; {near}" if near else ""),
        param_hint="--api-service",
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


def _with_bearer(call: ApiCall, token: str | None) -> ApiCall:
    if token is None:
        return call
    pair = ("authorization", f"Bearer {token}")
    return replace(call, headers=Headers((*call.headers.pairs, pair)))


def _with_token(request: AccessRequest, token: str | None) -> AccessQuestion:
    return AccessQuestion(request, Credential("bearer", token) if token is not None else None)


def _service(
    asked: ApiCall | AccessRequest, caller: GatewayCaller, loaded: LoadedTree
) -> CompiledService | None:
    if isinstance(asked, AccessRequest):
        answering = answered_by(asked, loaded.snapshot, caller.gateway)
        return answering.routed.service if isinstance(answering, AnsweredBy) else None
    try:
        found = loaded.snapshot.find(canonical_url(asked.url))
    except MalformedUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    return found[0].service if found is not None else None
