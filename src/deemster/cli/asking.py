"""Asks the decision point one question from the shell, with made-up providers or real settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import typer

from deemster.errors import ConfigurationError
from deemster.gateways.answers import refusal_of
from deemster.model.clock import SystemClock
from deemster.model.decision import Decision
from deemster.model.gateway import ALL_API_SERVICES, Gateway, GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.policy.loading import LoadedTree
from deemster.policy.snapshot import CompiledService
from deemster.policy.store import PolicyStore
from deemster.policy.values import TraceEntry
from deemster.policytest.cases import SuiteUser
from deemster.policytest.desk import Desk
from deemster.policytest.providers import profiles_of, throw_away_providers
from deemster.policytest.trace import OperationNodes, TraceRow
from deemster.settings.model import Settings

__all__ = ["Answer", "Question", "ask_made_up", "ask_with_settings"]

_SHELL = "shell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call; a token as given, or the claims of one to be minted. `user` is as in a suite."""

    call: ApiCall
    token: str | None = field(default=None, repr=False)
    minted: Mapping[str, object] | None = None
    user: Mapping[str, object] | None = None
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
    providers = throw_away_providers(profiles_of(loaded.snapshot).values())
    store = PolicyStore(lambda: loaded.snapshot)
    store.load()
    desk = Desk(_users(question), store, providers)
    call = question.call
    service = _service(call, loaded)
    if question.minted is not None and service is not None:
        minter = providers[service.provider_id].minter
        if minter is None:
            raise ConfigurationError(
                f"provider `{service.provider_id}` takes claims from a gateway only: use --claims"
            )
        token = minter.mint(question.minted, None, audience=service.audience, now=now)
        call = _with_bearer(call, token)
    gateway = Gateway(
        id=_SHELL,
        protocols=frozenset(),
        api_services=frozenset({ALL_API_SERVICES}),
        asserts=frozenset(providers),
    )
    visited: list[TraceEntry] = []
    decision = await desk.ask(now, call, GatewayCaller(gateway, None), visited)
    return _answer(decision, visited, loaded, fault=desk.last_fault)


async def ask_with_settings(question: Question, loaded: LoadedTree, settings: Settings) -> Answer:
    """With the settings' own providers, keys and directories."""
    raise ConfigurationError("not yet")


def _answer(
    decision: Decision, visited: list[TraceEntry], loaded: LoadedTree, *, fault: str
) -> Answer:
    status = None if decision.permitted else refusal_of(decision).status
    rows: tuple[TraceRow, ...] = ()
    if decision.service is not None and decision.operation is not None:
        operation = f"{decision.service.id}/{decision.operation}"
        rows = OperationNodes(loaded.resolved).rows(operation, visited)
    if fault:
        decision = decision._replace(error=fault)
    return Answer(decision, status, rows)


def _with_bearer(call: ApiCall, token: str) -> ApiCall:
    pair = ("authorization", f"Bearer {token}")
    return call._replace(headers=Headers((*call.headers.pairs, pair)))


def _service(call: ApiCall, loaded: LoadedTree) -> CompiledService | None:
    try:
        found = loaded.snapshot.find(canonical_url(call.url))
    except MalformedUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    return found[0].service if found is not None else None


def _users(question: Question) -> Mapping[str, SuiteUser]:
    """The user that the token or the claims name: known, and in no group unless --user says so."""
    claims = question.minted or question.call.asserted_claims or {}
    subject = claims.get("sub")
    if not isinstance(subject, str):
        return {}
    described = question.user or {}
    unknown = set(described) - {"enabled", "groups", "roles", "attributes"}
    if unknown:
        raise typer.BadParameter(
            f"unknown member `{min(unknown)}`: expected groups, roles, attributes, enabled",
            param_hint="--user",
        )
    enabled, attributes = described.get("enabled", True), described.get("attributes", {})
    if not isinstance(enabled, bool) or not isinstance(attributes, dict):
        raise typer.BadParameter(
            "`enabled` is a boolean and `attributes` an object", param_hint="--user"
        )
    return {
        subject: SuiteUser(
            enabled=enabled,
            groups=_names(described, "groups"),
            roles=_names(described, "roles"),
            attributes=attributes,
        )
    }


def _names(described: Mapping[str, object], member: str) -> tuple[str, ...]:
    found = described.get(member, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise typer.BadParameter(f"`{member}` is a list of names", param_hint="--user")
    return tuple(found)
