"""What a piece of policy reaches: `claims`, `user`, `params.x`; whether it may be in `error`."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.declared import Placed
from tests.reference.shape import (
    Expression,
    PolicySet,
    Ref,
    Rule,
    Scope,
    StatementName,
    Tree,
    Value,
)

__all__ = ["Features", "features_of", "features_of_attached"]

Features = frozenset[str]

OWN = {
    "claim": Features({"claims", "error"}),
    "has-claim": Features({"claims", "error"}),
    "user": Features({"user", "error"}),
    "has-user-value": Features({"user", "error"}),
    "has-user": Features({"user"}),
    "query": Features({"error"}),
    # A text may be too long for a pattern, and a list for being asked one by one.
    "matches": Features({"error"}),
    "exists": Features({"error"}),
    "all": Features({"error"}),
    "inCidr": Features({"error"}),
    "inAny": Features({"error"}),
    "+": Features({"error"}),
    "-": Features({"error"}),
    "response": Features({"response"}),
    "response-header": Features({"response"}),
    "instant+": Features({"error"}),
    "instant-": Features({"error"}),
}


def features_of_attribute(alias: str | None, name: str, scope: Scope, tree: Tree) -> Features:
    """What its source names. A constant alone is never in error."""
    owner = scope if alias is None else tree.scope_of(scope.imports[alias])
    source = owner.attributes[name].source
    if source.kind == "constant":
        return Features()
    names = [part for parts in (source.path, *source.parameters.values()) for part in parts]
    inside = [features_of(name, owner, tree) for name in names if isinstance(name, tuple)]
    if source.kind == "attribute":
        inside.append(features_of_attribute(*source.of, owner, tree))
    return Features({"error"}).union(*inside)


def features_of_attached(names: tuple[StatementName, ...], scope: Scope, tree: Tree) -> Features:
    """What payloads name. One that cannot be built makes no node indeterminate."""
    found = Features()
    for alias, name in names:
        owner = scope if alias is None else tree.scope_of(scope.imports[alias])
        statement = owner.statements[name]
        if statement.code == "modify-query":
            found |= {"query-change"}
        for place in places_in(statement.payload):
            found |= features_of(place, owner, tree)
    return found - {"error"}


def places_in(payload: Value) -> Iterator[Expression]:
    """Every place for a value."""
    if isinstance(payload, Placed):
        yield from (part for part in payload.parts if not isinstance(part, str))
    elif isinstance(payload, dict | tuple):
        for item in payload.values() if isinstance(payload, dict) else payload:
            yield from places_in(item)


def features_of(part: Expression | Rule | PolicySet | Ref, scope: Scope, tree: Tree) -> Features:
    """Everything reached from `part`, which stands in a document with `scope`."""
    if isinstance(part, Ref):
        document = tree.policies[part.path]
        return features_of(document.policy, document.scope, tree)
    if isinstance(part, Rule):
        own = features_of(part.when, scope, tree) if part.when else Features()
        return own | features_of_attached(part.attach, scope, tree)
    if isinstance(part, PolicySet):
        inside = [features_of(child, scope, tree) for child in part.children]
        inside += [features_of(part.target, scope, tree)] if part.target else []
        inside.append(features_of_attached(part.attach, scope, tree))
        # Of an answer nearly everything may be in error, which this algorithm does not forgive.
        inside.append(Features({"unless"} if part.combining == "permit-unless-deny" else ()))
        # Two children that apply are in error there, whatever their conditions are.
        choice = part.combining == "only-one-applicable" and len(part.children) > 1
        return Features({"error"} if choice else ()).union(*inside)
    if part == ("request", "ip"):
        return Features({"error"})
    if part[0] in ("attr", "has-attr"):
        return features_of_attribute(part[1], part[2], scope, tree)
    if part[0] == "param":
        return Features({f"params.{part[1]}"})
    if part[0] == "condition":
        owner = scope if part[1] is None else tree.scope_of(scope.imports[part[1]])
        return features_of(owner.conditions[part[2]], owner, tree)
    inside = [features_of(item, scope, tree) for item in part[1:] if isinstance(item, tuple)]
    return OWN.get(part[0], Features()).union(*inside)
