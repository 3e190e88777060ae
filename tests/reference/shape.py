"""A policy tree and a call as plain data: what the generators draw and the reference judges.

Expressions are nested tuples whose first member names the form, e.g. `("cmp", "<=", a, b)`; the
forms are listed in `conditions.FORMS`. Documents are keyed by their path from the tree's root.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

from tests.reference.declared import UNSET, Declared, Expression, Scope, Value

__all__ = [
    "FAILED",
    "UNSET",
    "Allow",
    "Answer",
    "AnyAll",
    "Application",
    "Bug",
    "Call",
    "Carried",
    "Declared",
    "Denied",
    "Expression",
    "Library",
    "Operation",
    "PolicyDocument",
    "PolicySet",
    "Question",
    "Ref",
    "Response",
    "Rule",
    "Scope",
    "Service",
    "StatementName",
    "Template",
    "Token",
    "Tree",
    "User",
    "Value",
    "World",
]

StatementName = tuple[str | None, str]
"""Alias or None, and name: as `attach` writes it."""

Template = tuple[tuple[str, ...], ...]
"""Segments: ("literal", text), ("param", name), ("star",), ("rest",)."""

FAILED = "failed: the directory did not answer"


@dataclass(frozen=True)
class Denied:
    """`deniedReason` or `otherwise`."""

    code: str
    status: int | None = None


@dataclass(frozen=True)
class Rule:
    """A leaf; `when` None is always."""

    id: str
    effect: str
    when: Expression | None = None
    denied: Denied | None = None
    enabled: bool = True
    attach: tuple[StatementName, ...] = ()


@dataclass(frozen=True)
class Ref:
    """`$ref` to a Policy document."""

    path: str
    exempt: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicySet:
    """Children under a combining algorithm; `simple`: `indeterminate: simple`."""

    id: str
    combining: str
    children: tuple[Rule | PolicySet | Ref, ...]
    target: Expression | None = None
    denied: Denied | None = None
    enabled: bool = True
    exempt: tuple[str, ...] = ()
    attach: tuple[StatementName, ...] = ()
    simple: bool = False


@dataclass(frozen=True)
class AnyAll:
    """`{any: …, all: …}`; `match` is for groups."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    match: str = "exact"


@dataclass(frozen=True)
class Allow:
    """The lines of `allow`; None or absent is a line that was not written."""

    scopes: AnyAll | None = None
    groups: AnyAll | None = None
    permissions: AnyAll | None = None
    when: Expression | None = None
    acr: tuple[str, ...] = ()
    max_age: int | None = None


@dataclass(frozen=True)
class Operation:
    """`params`: name ► (`pattern`, text) or (`type`, `int` | `uuid`); `methods` None: every."""

    id: str
    methods: tuple[str, ...] | None
    templates: tuple[Template, ...]
    params: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    allow: Allow | str | None = None
    policies: tuple[PolicySet | Ref, ...] = ()
    guards: tuple[PolicySet | Ref, ...] = ()
    otherwise: Denied | None = None
    also_covers: tuple[str, ...] = ()
    attach: tuple[StatementName, ...] = ()
    response: tuple[PolicySet | Ref, ...] = ()
    opened: frozenset[str] = frozenset()
    access: tuple[str, tuple[str, ...]] | None = None
    """Resource type and actions of AuthZEN questions; then there are no templates."""


@dataclass(frozen=True)
class Service:
    """An API service; `internal` says of which type its token provider is."""

    id: str
    base_urls: tuple[str, ...]
    internal: bool
    operations: tuple[Operation, ...]
    scope: Scope = field(default_factory=Scope)
    guards: tuple[PolicySet | Ref, ...] = ()
    applications: tuple[str, ...] = ()
    same_slash: bool = False
    any_case: bool = False
    response: tuple[PolicySet | Ref, ...] = ()
    opened: frozenset[str] = frozenset()
    preflight: bool = False
    unmatched: bool = False


@dataclass(frozen=True)
class Library:
    """kind: Library"""

    id: str
    scope: Scope


@dataclass(frozen=True)
class PolicyDocument:
    """kind: Policy; `policy.id` is the document's."""

    scope: Scope
    policy: PolicySet


@dataclass(frozen=True)
class Application:
    """`resources`: resource ► actions; `roles`: role ► permission keys."""

    id: str
    resources: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Tree:
    """Documents by path, kind by kind."""

    services: Mapping[str, Service]
    libraries: Mapping[str, Library] = field(default_factory=dict)
    policies: Mapping[str, PolicyDocument] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)

    def scope_of(self, path: str) -> Scope:
        """The declarations of the document at `path`."""
        documents: dict[str, Service | Library | PolicyDocument] = {
            **self.services,
            **self.libraries,
            **self.policies,
        }
        return documents[path].scope


@dataclass(frozen=True)
class User:
    """A directory's entry. `state`: enabled, disabled, unknown, failing. A part may be FAILED."""

    id: str
    state: str = "enabled"
    groups: frozenset[str] | str = frozenset()
    roles: frozenset[str] | str = frozenset()
    attributes: Mapping[str, object] | str = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """A credential: `refused` with a reason, or accepted with claims; no user: a client token.

    `permissions` is None unless the provider takes permissions from a claim.
    """

    claims: Mapping[str, object] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    user: User | None = None
    permissions: frozenset[str] | None = None
    refused: str | None = None


@dataclass(frozen=True)
class World:
    """What attribute services and queries say: of several documents, the request chooses one.

    `faults`: service or query ► how it fails. A query's documents are lists of rows.
    """

    documents: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    def chosen(self, name: str, request: str) -> Value:
        """Different requests mostly get different answers."""
        documents = self.documents[name]
        return documents[crc32(request.encode()) % len(documents)]


@dataclass(frozen=True)
class Call:
    """One call to judge; `url` as the gateway saw it, `now` epoch seconds, no token: None.

    `body` None: the gateway delivered none. `possible`: codes of statements that the calling
    protocol can carry out; None: every one. With a `response`, it is the upstream's answer that is
    judged; `is_sealed`: with what the request phase knew.
    """

    method: str
    url: str
    now: float
    headers: tuple[tuple[str, str], ...] = ()
    ip: str | None = None
    token: Token | None = None
    body: str | None = None
    world: World = field(default_factory=World)
    possible: frozenset[str] | None = None
    response: Response | None = None
    is_sealed: bool = True


@dataclass(frozen=True)
class Question:
    """One question of AuthZEN. `said`: properties of `subject`, `action`, `resource`; `context`.

    `user` is the directory's entry of the subject, `token` one that came along. `may` and
    `services` are the gateway's rights, `possible` is what its protocol can carry out.
    """

    subject: str
    action: str
    kind: str
    resource: str
    now: float
    user: User
    said: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    token: Token | None = None
    may: bool = True
    services: frozenset[str] = frozenset({"*"})
    world: World = field(default_factory=World)
    possible: frozenset[str] | None = None


@dataclass(frozen=True)
class Response:
    """What the upstream answered; header names lower-case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


@dataclass(frozen=True)
class Carried:
    """A statement as the gateway gets it; `payload` is JSON text with sorted members."""

    id: str
    code: str
    payload: str
    obligatory: bool


@dataclass(frozen=True)
class Answer:
    """What both sides must agree on.

    `deciding` is the id path of the policy or rule that made a D, where one did. `status` is the
    author's, `challenge` what an `auth-challenge` asks for: `acr_values` and `max_age`.
    """

    permit: bool
    reason: str
    service: str | None = None
    operation: str | None = None
    denied_code: str | None = None
    deciding: str | None = None
    statements: tuple[Carried, ...] = ()
    status: int | None = None
    challenge: tuple[str | None, int | None] | None = None


class Bug:
    """Bugs that can be planted in the reference, to see that the harness would find them."""

    COMBINING_CELL = "deny-overrides: P beside ID is P"
    NOT_DROPS_ERROR = "`!` makes true of an error"
    FIRST_APPLICABLE_ORDER = "first-applicable takes the last child that applies"
    LESS_EQUAL_AS_LESS = "`<=` is evaluated as `<`"
    CIDR_BOUND = "the last address of a CIDR range is outside"
    SPECIFICITY = "templates are compared from the right"
    ABSENT_AS_EMPTY = "an absent string is the empty string"
    FAILED_AS_ABSENT = "a failed fetch is an absent value"
    ON_ERROR_FOR_WRONG_TYPE = "onError stands in for a value of the wrong type"
    CACHE_KEY_WITHOUT_VALUE = "the cache key lacks the interpolated values"
    STATEMENT_LOST = "children behind the one that decides carry no statements"
    PATH_MATCHES_IGNORED = "`path-matches` is read as `final-decision-matches`"
    OBLIGATION_IGNORED = "an obligatory statement that is not possible is left out"
    DOUBT_IGNORED = "what an error hides is no obligation"
    RESPONSE_DENY_PASSES = "a response policy that denies lets the answer pass"
    SIMPLE_IGNORED = "`indeterminate: simple` is not read"
    EXISTS_DROPS_ERROR = "`exists` and `all` pass over a member that is in error"
    DECODED_ONCE_MORE = "a doubly encoded dot segment is data once it is opened"
    OPENED_ELSEWHERE = "what any operation of the service opens is opened for all"
    PREFLIGHT_UNGUARDED = "no guard is asked on a preflight"
    ANYBODY_NAMES = "every gateway may name subjects"
    TOKEN_OF_ANOTHER = "a token may be another's than the subject's"
    UNKNOWN_AS_EMPTY = "a header that nobody told of has no value"
    FIRST_ROUTE = "of operations that a route may mean the first one answers"
    SILENCE_GRANTS = "guards that do not apply grant what no operation matches"

    ALL = (
        COMBINING_CELL,
        NOT_DROPS_ERROR,
        FIRST_APPLICABLE_ORDER,
        LESS_EQUAL_AS_LESS,
        CIDR_BOUND,
        SPECIFICITY,
        ABSENT_AS_EMPTY,
        EXISTS_DROPS_ERROR,
        DECODED_ONCE_MORE,
        OPENED_ELSEWHERE,
        PREFLIGHT_UNGUARDED,
        SILENCE_GRANTS,
        FAILED_AS_ABSENT,
        ON_ERROR_FOR_WRONG_TYPE,
        CACHE_KEY_WITHOUT_VALUE,
        STATEMENT_LOST,
        PATH_MATCHES_IGNORED,
        OBLIGATION_IGNORED,
        DOUBT_IGNORED,
        SIMPLE_IGNORED,
        RESPONSE_DENY_PASSES,
    )
    OF_QUESTIONS = (ANYBODY_NAMES, TOKEN_OF_ANOTHER, UNKNOWN_AS_EMPTY, FIRST_ROUTE)
    """Found by questions of AuthZEN alone."""
