"""The values at hand: all that a condition may read, and how it says that it cannot.

One `Values` is made for each decision. Closures read it; nothing in `policy/` fetches anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from deemster.errors import EvaluationError
from deemster.model.access import AccessRequest
from deemster.model.attributes import AttributeAnswer, AttributeFetch
from deemster.model.decision import NodeRef, Requirement
from deemster.model.http import ApiCall, ApiResponse
from deemster.model.identity import UserContext, UserPart, VerifiedClaims
from deemster.model.urls import CanonicalUrl

if TYPE_CHECKING:
    from deemster.policy.expressions.checked import CheckedExpr

__all__ = ["ConditionInput", "NeedsValues", "TraceEntry", "Values", "seen"]


class NeedsValues(Exception):  # noqa: N818  (an answer, not an error)
    """Evaluation reached a value that was not fetched yet: fetch it, then ask again.

    `parts` of the user, or `fetches` of attributes. INVARIANT: nothing between a closure and
    `PolicySnapshot.evaluate` catches it.
    """

    def __init__(
        self, parts: frozenset[UserPart], fetches: frozenset[AttributeFetch] = frozenset()
    ) -> None:
        super().__init__(parts, fetches)
        self.parts = parts
        self.fetches = fetches


ConditionInput = tuple[str, "Callable[[Values], object]"]
"""A name as the author wrote it, and how to read it: for traces."""


class Values:
    """Everything one evaluation reads.

    `claims` is None where no credential was read (a public operation). `user` is None for a
    client token and on public operations. `role_permissions` maps role keys (and
    unambiguous bare names) to permission keys. `now` is the decision's one instant,
    epoch seconds; `skew` the provider's tolerance in seconds. `trace` collects visited nodes
    when somebody wants to see them. `memo` keeps coerced values within the decision. `member` is
    what the variable of `exists` or `all` stands for just now. `access` is the question of
    AuthZEN, None for an HTTP call. `attributes` are the answers to the fetches that evaluation
    asked for so far. `address` is the client's, parsed, None until somebody asks for it.
    """

    __slots__ = (
        "access",
        "address",
        "attributes",
        "call",
        "claims",
        "member",
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
        self.address: int | None = None
        self.member: object = None
        self.memo: dict[object, object] | None = None
        self.role_permissions: Mapping[str, frozenset[str]] = _NO_ROLES
        self.access: AccessRequest | None = None
        self.attributes: Mapping[AttributeFetch, AttributeAnswer] = _NO_ANSWERS

    @property
    def response(self) -> ApiResponse | None:
        """What the upstream answered; None in the request phase."""
        return self.call.response


_NO_ANSWERS: Mapping[AttributeFetch, AttributeAnswer] = {}
_NO_ROLES: Mapping[str, frozenset[str]] = {}


class TraceEntry:
    """One visited node: what came out of it, and what it looked at.

    `condition` is what a rule, a target or a `when` line asked, None where a node asks nothing or
    is a basic rule; that has a `requirement`. `values` are those at hand, so that whoever
    explains the node can look again: a decision without a trace pays for none of it.
    """

    __slots__ = (
        "condition",
        "error",
        "inputs",
        "outcome",
        "ref",
        "remark",
        "requirement",
        "values",
    )

    def __init__(
        self,
        ref: NodeRef,
        values: Values,
        *,
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
        requirement: Requirement | None = None,
        remark: str = "",
    ) -> None:
        self.ref = ref
        self.values = values
        self.inputs = inputs
        self.condition = condition
        self.requirement = requirement
        self.remark = remark
        self.outcome = ""
        self.error: EvaluationError | None = None

    @property
    def id_path(self) -> str:
        """The node's id path."""
        return self.ref.id_path

    @property
    def place(self) -> str:
        """`file:line` of the node."""
        return self.ref.span.place

    @property
    def detail(self) -> str:
        """`claims.acr = 'pwd', user.level = 3`: what was seen, for people."""
        parts = [f"{name}{told}" for name, told in seen(self.inputs, self.values)]
        if self.error is not None:
            parts.append(f"error at {self.error.span}: {self.error.message}")
        if self.remark:
            parts.append(self.remark)
        return ", ".join(parts)


def seen(inputs: Iterable[ConditionInput], values: Values) -> Iterator[tuple[str, str]]:
    """Each name with ` = value`, or with `: ` and why there is none."""
    for name, read in inputs:
        try:
            told = f" = {read(values)!r}"
        except EvaluationError as failed:
            told = f": {failed.message}"
        except NeedsValues:
            # A condition that was decided without this value: showing it is no reason to fetch.
            told = ": not fetched"
        yield name, told
