"""Guards without a grant: CORS preflights (section 2) and unmatched calls (section 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tests.reference.features import features_of
from tests.reference.judged import Judged
from tests.reference.outcomes import D, N, P
from tests.reference.routing import Route, chosen, route
from tests.reference.shape import (
    Answer,
    Bug,
    Call,
    Operation,
    PolicySet,
    Ref,
    Rule,
    Scope,
    Tree,
)
from tests.reference.situation import Situation
from tests.reference.statements import answered
from tests.reference.verdict import denying_path, worded

__all__ = ["alone", "asked_by_preflight", "can_permit", "guards_on_preflight"]

TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def asked_by_preflight(tree: Tree, call: Call, found: Route, bug: str | None) -> Route | None:
    """The route that a preflight asks about; None where the call is like any other."""
    service = found.service
    values = {
        name: [value for key, value in call.headers if key == name]
        for name in ("origin", "access-control-request-method")
    }
    wanted = values["access-control-request-method"]
    if not service.preflight or call.method != "OPTIONS":
        return None
    if len(values["origin"]) != 1 or len(wanted) != 1 or not TOKEN.fullmatch(wanted[0]):
        return None
    own, _ = chosen(service, "OPTIONS", found.relative_path, bug)
    if own is not None and "OPTIONS" in (own.methods or ()):
        return None
    asked, _ = chosen(service, wanted[0], found.relative_path, bug)
    return None if asked is None else route(tree, wanted[0], call.url, bug)


def guards_on_preflight(
    guards: Sequence[tuple[PolicySet | Ref, str]],
    operation: Operation,
    scope: Scope,
    tree: Tree,
    bug: str | None,
) -> list[tuple[PolicySet | Ref, str]]:
    """Of (guard, id path above it) those that ask about nobody, and do not exempt the operation."""
    return [
        (guard, above)
        for guard, above in guards
        if operation.id not in guard.exempt
        and not asks_who(guard, scope, tree)
        and bug != Bug.PREFLIGHT_UNGUARDED
    ]


def asks_who(node: Rule | PolicySet | Ref, scope: Scope, tree: Tree) -> bool:
    """Whether an enabled part reads `claims` or `user`."""
    if isinstance(node, Ref):
        document = tree.policies[node.path]
        return asks_who(document.policy, document.scope, tree)
    if not node.enabled:
        return False
    if isinstance(node, Rule):
        return bool(features_of(node, scope, tree) & {"claims", "user"})
    # The policy's target, and what its statements say, without its children.
    own = features_of(replace(node, children=()), scope, tree)
    return bool(own & {"claims", "user"}) or any(
        asks_who(child, scope, tree) for child in node.children
    )


def alone(guards: Judged, found: Route, at: Situation, *, on_preflight: bool) -> Answer:
    """What guards come to by themselves. Where no operation matches, only a permit grants."""
    service, operation = found.service, found.operation
    silence = P if on_preflight or at.bug == Bug.SILENCE_GRANTS else N
    outcome = silence if guards.outcome == N else guards.outcome
    bare = Answer(False, "statement-not-possible", service.id, operation.id if operation else None)
    told = answered(Judged("", outcome, children=(guards,)), at)
    if not told.possible:
        return bare
    if outcome == P:
        reason = "permitted-preflight" if on_preflight else "permitted"
        return Answer(True, reason, bare.service, bare.operation, statements=told.statements)
    if outcome == N:
        return Answer(False, "no-operation", bare.service)
    is_denied = outcome == D
    answer = replace(
        bare,
        reason="policy-denied" if is_denied else guards.error or "indeterminate",
        deciding=denying_path(guards) if is_denied else None,
    )
    return worded(answer, told.statements)


def can_permit(node: Rule | PolicySet | Ref, tree: Tree) -> bool:
    """Whether `unmatched: guards` is no mistake with such a guard."""
    if isinstance(node, Ref):
        return can_permit(tree.policies[node.path].policy, tree)
    if not node.enabled:
        return False
    if isinstance(node, Rule):
        return node.effect == "permit"
    return node.combining == "permit-unless-deny" or any(
        can_permit(child, tree) for child in node.children
    )
