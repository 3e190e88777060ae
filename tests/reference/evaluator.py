"""Sections 3, 4, 6 and 10 of the language page: everything is evaluated, then the answer picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.reference.allow import Allowed, allowed
from tests.reference.conditions import value_of
from tests.reference.outcomes import ID, IP, D, N, P, combined, in_error
from tests.reference.routing import Route, route
from tests.reference.shape import (
    Answer,
    Bug,
    Call,
    Denied,
    Operation,
    PolicySet,
    Ref,
    Rule,
    Scope,
    Service,
    Tree,
)
from tests.reference.situation import Error, Situation

__all__ = ["Judged", "ReferenceEvaluator"]


@dataclass(frozen=True)
class Judged:
    """One node after evaluation. `error` is the first one's reason, only if the outcome is I.

    `children` are those whose words count: not the ones behind first-applicable's choice.
    """

    path: str
    outcome: str
    error: str | None = None
    denied: Denied | None = None
    children: tuple[Judged, ...] = ()
    is_policy: bool = False

    def with_descendants(self) -> Iterator[Judged]:
        """Pre-order: a policy before its children, children in tree order."""
        yield self
        for child in self.children:
            yield from child.with_descendants()


class ReferenceEvaluator:
    """Answers calls on one tree. `seen` counts (algorithm or kind, outcome) as they occur."""

    def __init__(self, tree: Tree, *, skew: float = 0.0, bug: str | None = None) -> None:
        self.tree = tree
        self.skew = skew
        self.bug = bug
        self.seen: Counter[tuple[str, str]] = Counter()
        self.judged: dict[str, set[str]] = {}
        """Outcomes of the last call by id path, for a comparison node by node.

        One for each but `authentication`, which is two lines under one name.
        """

    def answer(self, call: Call) -> Answer:
        """The answer to one call, as section 3 orders the questions."""
        self.judged = {}
        found = route(self.tree, call.method, call.url, self.bug)
        if found is None:
            return Answer(False, "no-api-service")
        service, operation = found.service, found.operation
        if found.ambiguous:
            return Answer(False, "ambiguous-path", service.id)
        if operation is None or operation.allow != "public":
            refusal = self.credential_refusal(service, call)
            if refusal is not None:
                return Answer(False, refusal, service.id, operation.id if operation else None)
        if operation is None:
            return Answer(False, "no-operation", service.id)
        return self.judgement(found, operation, call)

    def credential_refusal(self, service: Service, call: Call) -> str | None:
        """Token first, then the user; an external provider's users are not known here."""
        if call.token is None:
            return "claims-missing" if not service.internal else "token-missing"
        if call.token.refused is not None:
            return call.token.refused
        if not service.internal or call.token.user is None:
            return None
        return {
            "enabled": None,
            "unknown": "user-unknown",
            "disabled": "user-disabled",
            "failing": "dependency-unavailable",
        }[call.token.user.state]

    def judgement(self, found: Route, operation: Operation, call: Call) -> Answer:
        service, scope = found.service, found.service.scope
        is_public = operation.allow == "public"
        token = None if is_public else call.token
        at = Situation(
            tree=self.tree,
            call=call,
            path=found.path or "/",
            relative_path=found.relative_path,
            query=found.query,
            params=found.params,
            token=token,
            user=token.user if token is not None and service.internal else None,
            skew=self.skew,
            bug=self.bug,
        )
        here = f"{service.id}/{operation.id}"
        guards = self.section(
            [
                *[self.guard(guard, service.id, operation, scope, at) for guard in service.guards],
                *[self.guard(guard, here, operation, scope, at) for guard in operation.guards],
            ]
        )
        policies = self.section(
            [self.judged_node(node, here, scope, at) for node in operation.policies]
        )
        allow = None
        if operation.allow is not None:
            allow = allowed(operation.allow, scope, at)
            self.seen["allow", allow.outcome] += 1
            for line in allow.lines:
                self.judged.setdefault(f"{here}/allow/{line.name}", set()).add(line.word)
        return final(service, operation, guards, allow, policies)

    def guard(
        self,
        node: PolicySet | Ref,
        above: str,
        operation: Operation,
        scope: Scope,
        at: Situation,
    ) -> Judged:
        if operation.id in node.exempt:
            return Judged(above, N)
        return self.judged_node(node, above, scope, at)

    def section(self, children: Sequence[Judged]) -> Judged:
        """Guards and policies fold by deny-overrides; no children: N."""
        outcome = combined("deny-overrides", [child.outcome for child in children], self.bug)
        return Judged(
            "", outcome, error_among(outcome, children), None, tuple(children), is_policy=True
        )

    # --- nodes ----------------------------------------------------------------------------------

    def judged_node(
        self, node: Rule | PolicySet | Ref, above: str, scope: Scope, at: Situation
    ) -> Judged:
        if isinstance(node, Ref):
            referred = self.tree.policies[node.path]
            return self.judged_node(referred.policy, above, referred.scope, at)
        path = f"{above}/{node.id}"
        if not node.enabled:
            judged = Judged(path, N)
        elif isinstance(node, Rule):
            judged = self.judged_rule(node, path, scope, at)
        else:
            judged = self.judged_policy(node, path, scope, at)
        kind = "rule" if isinstance(node, Rule) else node.combining
        self.seen[kind, judged.outcome] += 1
        self.judged.setdefault(path, set()).add(judged.outcome)
        return judged

    def judged_rule(self, rule: Rule, path: str, scope: Scope, at: Situation) -> Judged:
        truth = True if rule.when is None else value_of(rule.when, scope, at)
        if isinstance(truth, Error):
            return Judged(path, {"permit": IP, "deny": ID}[rule.effect], truth.reason, rule.denied)
        if not truth:
            return Judged(path, N)
        return Judged(path, {"permit": P, "deny": D}[rule.effect], None, rule.denied)

    def judged_policy(self, policy: PolicySet, path: str, scope: Scope, at: Situation) -> Judged:
        children = [self.judged_node(child, path, scope, at) for child in policy.children]
        outcome = combined(policy.combining, [child.outcome for child in children], self.bug)
        if policy.combining == "first-applicable":
            children = up_to_the_first(children, self.bug)
        error = error_among(outcome, children)
        target = True if policy.target is None else value_of(policy.target, scope, at)
        if isinstance(target, Error):
            outcome = {P: IP, D: ID}.get(outcome, outcome)
            error = target.reason if in_error(outcome) else None
        elif not target:
            return Judged(path, N)
        return Judged(path, outcome, error, policy.denied, tuple(children), is_policy=True)


def up_to_the_first(children: list[Judged], bug: str | None) -> list[Judged]:
    applicable = [child for child in children if child.outcome != N]
    if bug == Bug.FIRST_APPLICABLE_ORDER:
        applicable.reverse()
    return applicable[:1]


def error_among(outcome: str, children: Sequence[Judged]) -> str | None:
    """The first child's error, in tree order, where what they make is I."""
    if not in_error(outcome):
        return None
    return next((child.error for child in children if child.error is not None), None)


# --- the answer -----------------------------------------------------------------------------------


def final(
    service: Service,
    operation: Operation,
    guards: Judged,
    allow: Allowed | None,
    policies: Judged,
) -> Answer:
    """permit iff guards ∈ {P, N} and (allow absent or P) and (policies absent or P)."""
    if (
        guards.outcome in (P, N)
        and (allow is None or allow.outcome == P)
        and (not operation.policies or policies.outcome == P)
    ):
        return Answer(True, "permitted", service.id, operation.id)
    reason, deciding = why_not(f"{service.id}/{operation.id}", guards, allow, policies)
    code = denied_code(guards, allow, operation.otherwise, policies)
    return Answer(False, reason, service.id, operation.id, code, deciding)


def why_not(
    here: str, guards: Judged, allow: Allowed | None, policies: Judged
) -> tuple[str, str | None]:
    """The reason by section 3's precedence, and the node that made it where one did."""
    if guards.outcome == D:
        return "policy-denied", denying_path(guards)
    if allow is not None and allow.outcome == D:
        assert allow.reason is not None
        return allow.reason, f"{here}/allow/{allow.deciding}"
    if policies.outcome == D:
        return "policy-denied", denying_path(policies)
    sections = [
        (guards.outcome, guards.error),
        (allow.outcome, allow.reason) if allow is not None else (N, None),
        (policies.outcome, policies.error),
    ]
    errors = [error for outcome, error in sections if in_error(outcome)]
    if errors:
        return next((error for error in errors if error is not None), "indeterminate"), None
    return "no-rule", None


def denied_code(
    guards: Judged, allow: Allowed | None, otherwise: Denied | None, policies: Judged
) -> str | None:
    """Guards, allow, policies, then tree order; only nodes whose every ancestor is D too."""
    codes = codes_under(guards)
    if allow is not None and allow.outcome == D and otherwise is not None:
        codes.append(otherwise.code)
    codes += codes_under(policies)
    return codes[0] if codes else None


def codes_under(node: Judged) -> list[str]:
    if node.outcome != D:
        return []
    own = [node.denied.code] if node.denied is not None else []
    return own + [code for child in node.children for code in codes_under(child)]


def denying_path(node: Judged) -> str:
    """The first child in tree order that made the D, down to the leaf."""
    denying = next((child for child in node.children if child.outcome == D), None)
    return node.path if denying is None else denying_path(denying)
