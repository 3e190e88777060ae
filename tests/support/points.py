"""Decision points for tests: real policy, real order of judgement, providers and users by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.attributesources.fetcher import AttributeFetcher
from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.gateway import Gateway, GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import NO_PROOF, SenderRules
from deemster.policy.loading import load_texts
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.usercontext.resolver import UserResolver
from tests.support.clock import FrozenClock

__all__ = ["FakeProvider", "FakeUsers", "Point", "a_call", "a_caller", "a_point", "some_claims"]


def a_call(
    method: str = "GET", url: str = "https://api.example.com/shop/", **more: object
) -> ApiCall:
    """A call; `token` becomes the Authorization header, `headers` are further pairs."""
    token = more.pop("token", None)
    pairs = list(more.pop("headers", ()))  # type: ignore[call-overload]
    if token is not None:
        pairs.append(("authorization", f"Bearer {token}"))
    return ApiCall(method=method, url=url, headers=Headers(tuple(pairs)), **more)  # type: ignore[arg-type]


def a_caller(**more: object) -> GatewayCaller:
    """A gateway that may ask for everything and assert nothing, unless told otherwise."""
    settings: dict[str, object] = {
        "id": "gw",
        "protocols": frozenset({"sideband"}),
        "api_services": frozenset({"*"}),
    }
    return GatewayCaller(Gateway(**(settings | more)), "k1")  # type: ignore[arg-type]


def some_claims(sub: str | None = "alice", *, scopes: str = "", **claims: object) -> VerifiedClaims:
    """Claims as `tokens` would make them; `sub` None for a client token."""
    members = dict(claims) if sub is None else {"sub": sub, **claims}
    return VerifiedClaims(
        provider="idp",
        claims=members,
        scopes=frozenset(scopes.split()),
        user_id=sub,
        client_id=None,
        asserted=False,
    )


@dataclass
class FakeProvider:
    """Tokens are looked up in a table: claims, or the exception to raise."""

    tokens: Mapping[str, VerifiedClaims | Exception] = field(default_factory=dict)
    id: str = "idp"
    kind: ProviderKind = ProviderKind.INTERNAL
    skew: float = 30.0
    verifies_credentials: bool = True
    senders: SenderRules = NO_PROOF
    asked: list[str] = field(default_factory=list)
    accepted: list[Mapping[str, object]] = field(default_factory=list)

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """Remembers nothing."""
        return None

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: asked for each."""
        return None

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """By the table; an unknown token has a wrong signature."""
        self.asked.append(credential.secret)
        found = self.tokens.get(credential.secret)
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID)
        return found

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """Believes everything."""
        self.accepted.append(asserted)
        sub = asserted.get("sub")
        return VerifiedClaims(
            provider=self.id,
            claims=asserted,
            scopes=frozenset(str(asserted.get("scope", "")).split()),
            user_id=str(sub) if sub is not None else None,
            client_id=None,
            asserted=True,
        )


@dataclass
class FakeUsers:
    """A directory with counters; a part in `broken` cannot be fetched."""

    users: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    fetched: list[str] = field(default_factory=list)
    id: str = "people"

    async def is_enabled(self, subject: str) -> bool | None:
        """None for a subject that is not in the table."""
        self._look("user")
        entry = self.users.get(subject)
        return None if entry is None else bool(entry.get("enabled", True))

    async def groups(self, subject: str) -> frozenset[str]:
        """Of the table."""
        self._look("groups")
        return self._names(subject, "groups")

    async def roles(self, subject: str) -> frozenset[str]:
        """Of the table."""
        self._look("roles")
        return self._names(subject, "roles")

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """Of the table."""
        self._look("attributes")
        return self.users[subject].get("attributes", {})  # type: ignore[return-value]

    async def close(self) -> None:
        """Nothing to release."""

    def _names(self, subject: str, part: str) -> frozenset[str]:
        names = self.users[subject].get(part, [])
        assert isinstance(names, list)
        return frozenset(names)

    def _look(self, part: str) -> None:
        self.fetched.append(part)
        if part in self.broken:
            raise DependencyUnavailableError(self.id)


@dataclass
class Point:
    """A decision point with its collaborators at hand."""

    point: DecisionPoint
    provider: FakeProvider
    users: FakeUsers
    clock: FrozenClock
    faults: list[Exception]


def a_point(
    tree: Mapping[str, str] | PolicySnapshot | None,
    *,
    tokens: Mapping[str, VerifiedClaims | Exception] | None = None,
    users: FakeUsers | None = None,
    provider: FakeProvider | None = None,
    deadlines: Deadlines | None = None,
    attributes: AttributeFetcher | None = None,
    observes: bool = False,
) -> Point:
    """Everything real but tokens and users. `tree` None: nothing was loaded yet."""
    clock = FrozenClock()
    fake_provider = provider or FakeProvider(tokens or {})
    fake_users = users or FakeUsers({"alice": {}})
    snapshot = load_texts(tree).snapshot if isinstance(tree, Mapping) else tree

    def load() -> PolicySnapshot:
        assert snapshot is not None
        return snapshot

    store = PolicyStore(load)
    if snapshot is not None:
        store.load()
    faults: list[Exception] = []
    numbers = itertools.count(1)
    providers: dict[str, TokenProvider] = {fake_provider.id: fake_provider}
    point = DecisionPoint(
        store=store,
        providers=providers,
        users=UserResolver({fake_provider.id: fake_users}, clock=clock),
        clock=clock,
        new_id=lambda: f"d{next(numbers)}",
        report_fault=lambda fault, _: faults.append(fault),
        deadlines=deadlines or Deadlines(),
        attributes=attributes,
        observes=observes,
    )
    return Point(point, fake_provider, fake_users, clock, faults)
