"""What a piece of policy reaches: `claims`, `user`, and whether it can be in `error`."""

from __future__ import annotations

from tests.reference.shape import Expression, PolicySet, Ref, Rule, Scope, Tree

__all__ = ["Features", "features_of"]

Features = frozenset[str]

OWN = {
    "claim": Features({"claims", "error"}),
    "has-claim": Features({"claims", "error"}),
    "user": Features({"user", "error"}),
    "has-user-value": Features({"user", "error"}),
    "has-user": Features({"user"}),
    "query": Features({"error"}),
    "inCidr": Features({"error"}),
    "inAny": Features({"error"}),
    "+": Features({"error"}),
    "-": Features({"error"}),
    "instant+": Features({"error"}),
    "instant-": Features({"error"}),
}


def features_of(part: Expression | Rule | PolicySet | Ref, scope: Scope, tree: Tree) -> Features:
    """Everything reached from `part`, which stands in a document with `scope`."""
    if isinstance(part, Ref):
        document = tree.policies[part.path]
        return features_of(document.policy, document.scope, tree)
    if isinstance(part, Rule):
        return features_of(part.when, scope, tree) if part.when else Features()
    if isinstance(part, PolicySet):
        inside = [features_of(child, scope, tree) for child in part.children]
        inside += [features_of(part.target, scope, tree)] if part.target else []
        # Two children that apply are in error there, whatever their conditions are.
        choice = part.combining == "only-one-applicable" and len(part.children) > 1
        return Features({"error"} if choice else ()).union(*inside)
    if part == ("request", "ip"):
        return Features({"error"})
    if part[0] == "condition":
        owner = scope if part[1] is None else tree.scope_of(scope.imports[part[1]])
        return features_of(owner.conditions[part[2]], owner, tree)
    inside = [features_of(item, scope, tree) for item in part[1:] if isinstance(item, tuple)]
    return OWN.get(part[0], Features()).union(*inside)
