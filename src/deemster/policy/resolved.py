"""The tree after checking: every name has a meaning, every condition a type, every `$ref` its body.

`checker` makes it, `compiler` makes closures of it; the workshop's tools read it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.model.decision import NodeRef
from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.applications import ApplicationCatalogue
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.routing.templates import Template
from deemster.policy.statements.resolved import ResolvedStatement
from deemster.policy.tree import CombiningAlgorithm, RuleEffect, Text

__all__ = [
    "ProviderFacts",
    "ResolvedChild",
    "ResolvedOperation",
    "ResolvedPolicy",
    "ResolvedRule",
    "ResolvedService",
    "ResolvedTree",
    "SourceFacts",
]


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What the settings say of a token provider, as far as a policy tree depends on it.

    `kind` is `internal` or `external`; `asserted` says that an external provider's claims are
    vouched for by a gateway and not verified here.
    """

    kind: str
    asserted: bool


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the settings say of the sources of attributes, as far as a policy tree depends on it.

    `services`: the headers (lower-case) that the settings send, by service. `queries`: the names
    of the parameters, by query.
    """

    services: Mapping[str, frozenset[str]]
    queries: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedRule:
    """A rule. `when` None means always: one whose condition was refused is left out."""

    ref: NodeRef
    effect: RuleEffect
    when: CheckedExpr | None
    statements: tuple[ResolvedStatement, ...]
    enabled: bool

    @property
    def name(self) -> str:
        """Its own id, the last of the id path."""
        return self.ref.id_path.rpartition("/")[2]

    @property
    def reads(self) -> frozenset[str]:
        """Dotted names of its condition, and of what it carries."""
        own = self.when.reads if self.when is not None else frozenset[str]()
        return own.union(*(statement.reads for statement in self.statements))

    @property
    def can_fail(self) -> bool:
        """Whether its outcome may be indeterminate."""
        return self.when is not None and self.when.can_fail

    @property
    def can_deny(self) -> bool:
        """Whether its outcome may be a deny."""
        return self.effect is RuleEffect.DENY


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedPolicy:
    """A policy. `reads` are the dotted names of its enabled parts; `exempt` as written.

    `can_fail` says that its outcome may be indeterminate, `can_deny` that it may be a deny: both
    while it is enabled. `place` is where it is written or, by `$ref`, referred to.
    """

    ref: NodeRef
    place: SourceSpan
    combining: CombiningAlgorithm
    target: CheckedExpr | None
    children: tuple[ResolvedChild, ...]
    statements: tuple[ResolvedStatement, ...]
    enabled: bool
    exempt: tuple[Text, ...] | None
    reads: frozenset[str]
    can_fail: bool
    can_deny: bool
    simple_indeterminate: bool = False

    @property
    def name(self) -> str:
        """Its own id, the last of the id path."""
        return self.ref.id_path.rpartition("/")[2]


ResolvedChild = ResolvedRule | ResolvedPolicy


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedOperation:
    """One operation. `guards` are those that apply to it, the service's first.

    `allow` is as parsed; its `when` is `when`, checked. `response` are the policies over the
    upstream's answer that apply, the service's first; `statements` are its own.
    """

    operation: tree.Operation
    ref: NodeRef
    public: bool
    templates: tuple[Template, ...]
    guards: tuple[ResolvedPolicy, ...]
    when: CheckedExpr | None
    policies: tuple[ResolvedPolicy, ...]
    response: tuple[ResolvedPolicy, ...] = ()
    statements: tuple[ResolvedStatement, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """Every dotted name that judging this operation may read, by its basic rules too."""
        names: set[str] = set(self.when.reads) if self.when is not None else set()
        for policy in (*self.guards, *self.policies):
            names |= policy.reads
        for statement in self.statements:
            names |= statement.reads
        return frozenset(names) | _read_by_lines(self.operation.allow)


def _read_by_lines(
    allow: tree.AllowPublic | tree.AllowAuthenticated | tree.AllowLines | None,
) -> frozenset[str]:
    if not isinstance(allow, tree.AllowLines):
        return frozenset()
    lines = {
        "claims.scope": allow.scopes,
        "user.groups": allow.groups,
        "user.permissions": allow.permissions,
        "claims.acr": allow.acr,
        "claims.auth_time": allow.max_age,
    }
    return frozenset(name for name, line in lines.items() if line is not None)


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedService:
    """One API service. `guards` and `response` are its own; each operation has those that apply."""

    document: tree.ApiServiceDocument
    internal: bool
    operations: tuple[ResolvedOperation, ...]
    guards: tuple[ResolvedPolicy, ...] = ()
    response: tuple[ResolvedPolicy, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedTree:
    """All services, and the applications whose roles grant permissions.

    `named` are the names that the conditions of each file write: `std.in_office`, `claims.acr`.

    INVARIANT: where something was refused and left out, `complete` is False, and nothing compiles
    the tree: a rule, a condition or a guard that is missing must not permit.
    """

    services: tuple[ResolvedService, ...]
    catalogue: ApplicationCatalogue
    digests: Mapping[str, str]
    complete: bool
    named: Mapping[str, frozenset[str]] = field(default_factory=dict)
