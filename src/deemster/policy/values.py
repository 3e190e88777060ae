"""The values at hand: all that a condition may read, and how it says that it cannot.

One `Values` is made for each decision. Closures read it; nothing in `policy/` fetches anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.http import ApiCall
from deemster.model.identity import UserContext, UserPart, VerifiedClaims
from deemster.model.urls import CanonicalUrl

__all__ = ["NeedsValues", "TraceEntry", "Values"]


class NeedsValues(Exception):  # noqa: N818  (an answer, not an error)
    """Evaluation reached a value that was not fetched yet: fetch `parts`, then ask again.

    INVARIANT: nothing between a closure and `PolicySnapshot.evaluate` catches it.
    """

    def __init__(self, parts: frozenset[UserPart]) -> None:
        super().__init__(", ".join(sorted(part.value for part in parts)))
        self.parts = parts


class Values:
    """Everything one evaluation reads.

    `claims` is None where no credential was read (a public operation). `user` is None for a
    client token and on public operations. `role_permissions` maps role keys (and
    unambiguous bare names) to permission keys. `now` is the decision's one instant,
    epoch seconds; `skew` the provider's tolerance in seconds. `trace` collects visited nodes
    when somebody wants to see them. `memo` keeps coerced values within the decision.
    """

    __slots__ = (
        "call",
        "claims",
        "memo",
        "now",
        "params",
        "relative_path",
        "role_permissions",
        "skew",
        "trace",
        "url",
        "user",
    )

    def __init__(  # noqa: PLR0913  (one for each source of facts; made on every decision)
        self,
        call: ApiCall,
        url: CanonicalUrl,
        relative_path: str,
        params: Mapping[str, str | int],
        claims: VerifiedClaims | None,
        user: UserContext | None,
        now: float,
        skew: float = 0.0,
        trace: list[TraceEntry] | None = None,
    ) -> None:
        self.call = call
        self.url = url
        self.relative_path = relative_path
        self.params = params
        self.claims = claims
        self.user = user
        self.now = now
        self.skew = skew
        self.trace = trace
        self.memo: dict[object, object] | None = None
        self.role_permissions: Mapping[str, frozenset[str]] = _NO_ROLES


_NO_ROLES: Mapping[str, frozenset[str]] = {}


class TraceEntry:
    """One visited node: its id path, place, what came out, and what its condition saw."""

    __slots__ = ("detail", "id_path", "outcome", "place")

    def __init__(self, id_path: str, place: str, outcome: str, detail: str = "") -> None:
        self.id_path = id_path
        self.place = place
        self.outcome = outcome
        self.detail = detail
