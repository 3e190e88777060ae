"""Random policies, rules and references of one place in a tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TypeVar

from tests.reference.expressions import Drawer, Vocabulary
from tests.reference.features import Features, features_of, features_of_attached
from tests.reference.names import declared_in
from tests.reference.outcomes import ALGORITHMS
from tests.reference.shape import (
    Denied,
    Expression,
    PolicySet,
    Ref,
    Rule,
    Scope,
    StatementName,
    Tree,
)
from tests.reference.statements_drawn import some_attached

__all__ = ["Ids", "Place", "PolicyDrawer", "distinct"]

Child = TypeVar("Child", Rule | PolicySet | Ref, PolicySet | Ref)


class Ids:
    """Ids and the author's codes, each once in a tree. `words`: parts of the language."""

    def __init__(self, rng: Random, words: frozenset[str]) -> None:
        self.rng = rng
        self.words = words
        self.numbers = count(1)

    def fresh(self, kind: str) -> str:
        return f"{kind}-{next(self.numbers)}"

    def denied(self, odds: float) -> Denied | None:
        if self.rng.random() >= odds:
            return None
        with_status = "statements" in self.words and self.rng.random() < 0.3
        status = self.rng.choice([401, 403, 404]) if with_status else None
        return Denied(self.fresh("code"), status)


@dataclass(frozen=True)
class Place:
    """Where something is drawn: the document's scope, what may be reached, the parameters."""

    draft: Tree
    scope: Scope
    allowed: Features
    params: Mapping[str, str] = field(default_factory=dict)

    def reachable(self, *, total: bool) -> Features:
        allowed = self.allowed | {f"params.{name}" for name in self.params}
        # A query cannot be changed any more once there is an answer.
        allowed |= set() if "response" in self.allowed else {"query-change", "unless"}
        return allowed - {"error"} if total else allowed

    def words(self, *, total: bool = False) -> Vocabulary:
        """The names that may be used here; `total`: in something that is never in error."""
        allowed = self.reachable(total=total)
        own, imports = self.scope, self.scope.imports
        owners: list[tuple[str | None, Scope]] = [(None, own)]
        owners += [(alias, self.draft.scope_of(path)) for alias, path in imports.items()]
        names = [(alias, name) for alias, owner in owners for name in owner.conditions]
        attributes = {
            (alias, name): attribute.entry
            for alias, owner in owners
            for name, attribute in owner.attributes.items()
            if features_of(("attr", alias, name), own, self.draft) <= allowed
        }
        return Vocabulary(
            attributes=attributes,
            claims=declared_in(own, self.draft, "claims"),
            user=declared_in(own, self.draft, "user"),
            constants={
                (alias, name): value
                for alias, owner in owners
                for name, value in owner.constants.items()
            },
            conditions=[
                name
                for name in names
                if features_of(("condition", *name), own, self.draft) <= allowed
            ],
            params=dict(self.params),
            is_response="response" in allowed,
            may_name_claims="claims" in allowed,
            may_name_user="user" in allowed,
            must_be_total="error" not in allowed,
        )

    def attachable(self) -> list[StatementName]:
        """Statements of this document and its imports that name no more than may be named."""
        owners: list[tuple[str | None, Scope]] = [(None, self.scope)]
        owners += [(alias, self.draft.scope_of(path)) for alias, path in self.scope.imports.items()]
        return [
            (alias, name)
            for alias, owner in owners
            for name in owner.statements
            if features_of_attached(((alias, name),), self.scope, self.draft)
            <= self.reachable(total=False)
        ]

    def references(self, *, total: bool = False) -> list[str]:
        """Policy documents that reach no more than may be reached here."""
        allowed = self.reachable(total=total)
        return [
            path
            for path in self.draft.policies
            if features_of(Ref(path), self.scope, self.draft) <= allowed
        ]


class PolicyDrawer:
    """Draws the policies of one place."""

    def __init__(self, rng: Random, ids: Ids, place: Place, kind: str = "policy") -> None:
        self.rng = rng
        self.ids = ids
        self.place = place
        self.kind = kind

    def set_or_ref(self, depth: int, *, mild: bool = False) -> PolicySet | Ref:
        """A policy, or a reference to a Policy document that names no more than may be named."""
        if self.rng.random() < 0.2:
            fitting = self.place.references()
            if fitting:
                return Ref(self.rng.choice(fitting))
        return self.policy(depth, mild=mild)

    def policy(self, depth: int, *, mild: bool = False, total: bool = False) -> PolicySet:
        sure = [found for found in ALGORITHMS if found != "only-one-applicable"]
        algorithm = self.rng.choice(sure if total else ALGORITHMS)
        if "response" in self.place.allowed and algorithm == "permit-unless-deny":
            algorithm = "deny-unless-permit"
        if mild and self.rng.random() < 0.7:
            algorithm = self.rng.choice(["deny-overrides", "first-applicable"])
        fragile = total or algorithm == "permit-unless-deny"
        children: list[Rule | PolicySet | Ref] = [
            self.child(depth, fragile=fragile, total=total, mild=mild)
            for _ in range(self.rng.choice([1, 2, 2, 3, 4]))
        ]
        return PolicySet(
            id=self.ids.fresh(self.kind),
            combining=algorithm,
            children=distinct(children, self.place.draft),
            target=self.condition(2, total=total) if self.rng.random() < 0.25 else None,
            denied=self.ids.denied(0.2),
            enabled=self.rng.random() > 0.06,
            attach=some_attached(self.rng, self.place.attachable()),
            simple="simple" in self.ids.words
            and algorithm in ("deny-overrides", "permit-overrides")
            and self.rng.random() < 0.25,
        )

    def child(
        self, depth: int, *, fragile: bool, total: bool, mild: bool
    ) -> Rule | PolicySet | Ref:
        kind = self.rng.random()
        if depth > 0 and kind < 0.25:
            return self.policy(depth - 1, total=fragile)
        if depth > 0 and kind < 0.32:
            fitting = self.place.references(total=fragile)
            if fitting:
                return Ref(self.rng.choice(fitting))
        effect = self.rng.choice(["permit", "deny"])
        if mild:
            effect = self.rng.choice(["permit", "permit", "deny"])
        # Under permit-unless-deny a permit rule may be in error, a deny rule may not.
        must_be_total = total or (fragile and effect == "deny")
        bare = self.rng.random() < 0.1
        return Rule(
            id=self.ids.fresh("rule"),
            effect=effect,
            when=None if bare else self.condition(3, total=must_be_total),
            denied=self.ids.denied(0.3) if effect == "deny" else None,
            enabled=self.rng.random() > 0.06,
            attach=some_attached(self.rng, self.place.attachable()),
        )

    def condition(self, depth: int, *, total: bool) -> Expression:
        return Drawer(self.rng, self.place.words(total=total)).condition(depth)


def distinct(nodes: Sequence[Child], draft: Tree) -> tuple[Child, ...]:
    """Siblings must differ by id, and two references to one document do not."""
    by_name: dict[str, Child] = {}
    for node in nodes:
        name = draft.policies[node.path].policy.id if isinstance(node, Ref) else node.id
        by_name.setdefault(name, node)
    return tuple(by_name.values())
