"""Sections 3, 4, 6 and 10 of the language page: everything is evaluated, then the answer picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.reference.allow import allowed
from tests.reference.alone import alone, asked_by_preflight, guards_on_preflight
from tests.reference.conditions import value_of
from tests.reference.judged import Attached, Judged
from tests.reference.names import owner_of
from tests.reference.outcomes import ID, IDP, IP, D, N, P, combined, in_error
from tests.reference.response import answer_to_answer, changes_answers, kept_of, may_match_nothing
from tests.reference.routing import Route, route
from tests.reference.shape import (
    Answer,
    Bug,
    Call,
    Carried,
    Denied,
    Operation,
    PolicySet,
    Ref,
    Response,
    Rule,
    Scope,
    Service,
    StatementName,
    Tree,
)
from tests.reference.situation import Error, Situation
from tests.reference.statements import denied_statement
from tests.reference.verdict import Verdict

__all__ = ["ReferenceEvaluator"]


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
        self.requests: set[str] = set()
        """What the last call may have asked of attribute services and tables."""

    def answer(self, call: Call) -> Answer:
        """The answer to one call, as section 3 orders the questions."""
        self.judged = {}
        self.requests = set()
        found = route(self.tree, call.method, call.url, self.bug)
        if found is None:
            return Answer(False, "no-api-service")
        asked = asked_by_preflight(self.tree, call, found, self.bug)
        found = asked or found
        service, operation = found.service, found.operation
        if found.ambiguous:
            return Answer(False, "ambiguous-path", service.id)
        if asked is not None:
            return self.by_guards_alone(found, call, on_preflight=True)
        if operation is None or operation.allow != "public":
            refusal = self.credential_refusal(service, call)
            if refusal is not None:
                return Answer(False, refusal, service.id, operation.id if operation else None)
        if operation is not None:
            return self.judgement(found, operation, call)
        if service.unmatched:
            return self.by_guards_alone(found, call, on_preflight=False)
        return Answer(False, "no-operation", service.id)

    def by_guards_alone(self, found: Route, call: Call, *, on_preflight: bool) -> Answer:
        service, operation = found.service, found.operation
        at = self.situation(found, operation, call)
        guards: list[tuple[PolicySet | Ref, str]] = [
            (guard, service.id) for guard in service.guards
        ]
        if on_preflight and operation is not None:
            guards += [(guard, f"{service.id}/{operation.id}") for guard in operation.guards]
            guards = guards_on_preflight(guards, operation, service.scope, self.tree, self.bug)
            at = replace(at, token=None, user=None)
        folded = self.section(
            [self.judged_node(guard, above, service.scope, at) for guard, above in guards]
        )
        self.seen["preflight" if on_preflight else "unmatched", folded.outcome] += 1
        answer = alone(folded, found, at, on_preflight=on_preflight)
        self.requests = set(at.fetched)
        return answer

    def answer_to_response(self, call: Call, response: Response, *, is_sealed: bool) -> Answer:
        """Whether the upstream's answer may pass; sealed: after the request phase permitted."""
        before: tuple[Carried, ...] = ()
        if is_sealed:
            first = self.answer(call)
            if not first.permit:
                return first
            before = kept_of(first)
        asked = set(self.requests)
        self.judged = {}
        found = route(self.tree, call.method, call.url, self.bug)
        if found is None:
            return Answer(False, "no-api-service")
        service, operation = found.service, found.operation
        refusal = self.answer_refusal(found, call, is_sealed=is_sealed)
        if refusal is not None:
            return Answer(
                False,
                refusal,
                service.id,
                operation.id if operation and refusal == "state-rejected" else None,
            )
        at = replace(self.situation(found, operation, call), response=response, is_sealed=is_sealed)
        if not is_sealed:
            at = replace(at, token=None, user=None)
        nodes = [(node, f"{service.id}/response") for node in service.response]
        if operation is not None:
            nodes = [(node, above) for node, above in nodes if operation.id not in node.exempt]
            here = f"{service.id}/{operation.id}/response"
            nodes += [(node, here) for node in operation.response]
        folded = self.section(
            [self.judged_node(node, above, service.scope, at) for node, above in nodes]
        )
        answer = answer_to_answer(folded, found, at, before)
        self.requests = asked | set(at.fetched)
        return answer

    def answer_refusal(self, found: Route, call: Call, *, is_sealed: bool) -> str | None:
        """Before any policy looks at it."""
        if found.ambiguous:
            return "ambiguous-path"
        if found.operation is None and not may_match_nothing(found, call):
            return "no-operation"
        due = self.due_on_answers(found.service, found.operation)
        if not is_sealed and any(map(changes_answers, due)):
            self.seen["response", "state lost"] += 1
            return "state-rejected"
        return None

    def due_on_answers(self, service: Service, operation: Operation | None) -> Iterator[Attached]:
        """What a permit of the request may have come with."""
        scope = service.scope
        if operation is not None:
            guards = [guard for guard in service.guards if operation.id not in guard.exempt]
            yield from self.attached(operation.attach, scope)
            for node in (*guards, *operation.guards, *operation.policies):
                yield from self.all_attached(node, scope)
            return
        for guard in service.guards if service.unmatched else ():
            yield from self.all_attached(guard, scope)
        for asked in service.operations if service.preflight else ():
            above = [(guard, "") for guard in (*service.guards, *asked.guards)]
            for guard, _ in guards_on_preflight(above, asked, scope, self.tree, self.bug):
                yield from self.all_attached(guard, scope)

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
        at = self.situation(found, operation, call)
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
        verdict = Verdict(guards, allow, policies if operation.policies else None)
        attached = self.attached(operation.attach, scope)
        answer = verdict.answer(service, operation, attached, at)
        self.requests = set(at.fetched)
        return answer

    def situation(self, found: Route, operation: Operation | None, call: Call) -> Situation:
        is_public = operation is not None and operation.allow == "public"
        token = None if is_public else call.token
        return Situation(
            tree=self.tree,
            call=call,
            path=found.path or "/",
            relative_path=found.relative_path,
            query=found.query,
            params=found.params,
            token=token,
            user=token.user if token is not None and found.service.internal else None,
            skew=self.skew,
            bug=self.bug,
            seen=self.seen,
        )

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
        return Judged("", outcome, error_among(outcome, children), tuple(children))

    def attached(
        self, names: Sequence[StatementName], scope: Scope, denied: Denied | None = None
    ) -> tuple[Attached, ...]:
        """The author's words for a deny, then what is attached by name."""
        own = (denied_statement(denied),) if denied is not None else ()
        owners = [(owner_of(scope, self.tree, alias), name) for alias, name in names]
        return (*own, *[Attached(owner.statements[name], owner) for owner, name in owners])

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
        attached = self.attached(rule.attach, scope, rule.denied)
        if isinstance(truth, Error):
            outcome = {"permit": IP, "deny": ID}[rule.effect]
            return Judged(path, outcome, truth.reason, attached=attached)
        if not truth:
            return Judged(path, N)
        return Judged(path, {"permit": P, "deny": D}[rule.effect], attached=attached)

    def judged_policy(self, policy: PolicySet, path: str, scope: Scope, at: Situation) -> Judged:
        children = [self.judged_node(child, path, scope, at) for child in policy.children]
        outcome = combined(
            policy.combining,
            [child.outcome for child in children],
            self.bug,
            simple=policy.simple,
        )
        unreached: tuple[Attached, ...] = ()
        if policy.combining == "first-applicable":
            children = up_to_the_first(children, self.bug)
            if in_error(outcome):
                unreached = self.behind(policy, children[0], path, scope)
        elif self.bug == Bug.STATEMENT_LOST:
            children = up_to_the_decisive(children, outcome)
        error = error_among(outcome, children)
        # Load lets no such child be in error, unless what every call tells is not known.
        hidden = [child for child in children if child.outcome in (ID, IDP)]
        knows_all = at.question is None and at.is_sealed
        if policy.combining == "permit-unless-deny" and outcome == P and hidden and not knows_all:
            outcome, error = hidden[0].outcome, hidden[0].error
        target = True if policy.target is None else value_of(policy.target, scope, at)
        if isinstance(target, Error):
            outcome = {P: IP, D: ID}.get(outcome, outcome)
            error = target.reason if in_error(outcome) else None
        elif not target:
            return Judged(path, N)
        attached = self.attached(policy.attach, scope, policy.denied)
        return Judged(path, outcome, error, tuple(children), attached, unreached)

    def behind(
        self, policy: PolicySet, chosen: Judged, path: str, scope: Scope
    ) -> tuple[Attached, ...]:
        """What the children after the chosen one might have carried."""
        paths = [self.path_of(child, path) for child in policy.children]
        later = policy.children[paths.index(chosen.path) + 1 :]
        return tuple(attached for child in later for attached in self.all_attached(child, scope))

    def all_attached(self, node: Rule | PolicySet | Ref, scope: Scope) -> Iterator[Attached]:
        if isinstance(node, Ref):
            document = self.tree.policies[node.path]
            yield from self.all_attached(document.policy, document.scope)
        elif node.enabled:
            yield from self.attached(node.attach, scope)
            if isinstance(node, PolicySet):
                for child in node.children:
                    yield from self.all_attached(child, scope)

    def path_of(self, node: Rule | PolicySet | Ref, above: str) -> str:
        name = self.tree.policies[node.path].policy.id if isinstance(node, Ref) else node.id
        return f"{above}/{name}"


def up_to_the_first(children: list[Judged], bug: str | None) -> list[Judged]:
    applicable = [child for child in children if child.outcome != N]
    if bug == Bug.FIRST_APPLICABLE_ORDER:
        applicable.reverse()
    return applicable[:1]


def up_to_the_decisive(children: list[Judged], outcome: str) -> list[Judged]:
    """What a short circuit would look at: planted, never right."""
    outcomes = [child.outcome for child in children]
    return children[: outcomes.index(outcome) + 1] if outcome in outcomes else children


def error_among(outcome: str, children: Sequence[Judged]) -> str | None:
    """The first child's error, in tree order, where what they make is I."""
    if not in_error(outcome):
        return None
    return next((child.error for child in children if child.error is not None), None)
