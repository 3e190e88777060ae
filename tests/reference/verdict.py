"""Section 3: the answer that guards, `allow` and policies come to, its reason and its words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.reference.allow import Allowed
from tests.reference.judged import Attached, Judged
from tests.reference.outcomes import IDP, D, N, P, in_error
from tests.reference.shape import Allow, Answer, Carried, Operation, Service, Value
from tests.reference.situation import Situation
from tests.reference.statements import answered, denied_statement

__all__ = ["WORDING", "Verdict", "denying_path", "worded"]


WORDING = ("denied-reason", "auth-challenge")
"""Statements that an answer has as its code, its status and its challenge."""


STEP_UP = ("authentication-too-weak", "authentication-too-old")


@dataclass(frozen=True)
class Verdict:
    """What the three sections came to; None for one that is not there."""

    guards: Judged
    allow: Allowed | None
    policies: Judged | None

    def answer(
        self, service: Service, operation: Operation, own: Sequence[Attached], at: Situation
    ) -> Answer:
        """`own`: the statements that are attached to the operation."""
        root = Judged("", self.outcome(), None, tuple(self.sections(operation)), tuple(own))
        found = answered(root, at)
        bare = Answer(False, "statement-not-possible", service.id, operation.id)
        if not found.possible:
            return bare
        if root.outcome == P:
            return replace(bare, permit=True, reason="permitted", statements=found.statements)
        reason, deciding = self.why_not(f"{service.id}/{operation.id}")
        challenge = step_up(operation.allow) if reason in STEP_UP else None
        answer = replace(bare, reason=reason, deciding=deciding, challenge=challenge)
        return worded(answer, found.statements)

    def outcome(self) -> str:
        """permit iff guards ∈ {P, N} and (allow absent or P) and (policies absent or P)."""
        present = [part.outcome for part in (self.allow, self.policies) if part is not None]
        if self.guards.outcome in (P, N) and all(outcome == P for outcome in present):
            return P
        everything = [self.guards.outcome, *present]
        nothing_applied = not any(in_error(outcome) for outcome in everything)
        return D if D in everything or nothing_applied else IDP

    def sections(self, operation: Operation) -> list[Judged]:
        """`allow` between the others, with the author's words where a line of it denies."""
        found = [self.guards]
        if self.allow is not None:
            denies = self.allow.outcome == D and operation.otherwise is not None
            words = (
                (denied_statement(operation.otherwise),) if denies and operation.otherwise else ()
            )
            found.append(Judged("", self.allow.outcome, attached=words))
        return found + ([self.policies] if self.policies is not None else [])

    def why_not(self, here: str) -> tuple[str, str | None]:
        """The reason by section 3's precedence, and the node that made it where one did."""
        guards, allow, policies = self.guards, self.allow, self.policies
        if guards.outcome == D:
            return "policy-denied", denying_path(guards)
        if allow is not None and allow.outcome == D:
            assert allow.reason is not None
            return allow.reason, f"{here}/allow/{allow.deciding}"
        if policies is not None and policies.outcome == D:
            return "policy-denied", denying_path(policies)
        errors = [
            error
            for outcome, error in (
                (guards.outcome, guards.error),
                (allow.outcome, allow.reason) if allow is not None else (N, None),
                (policies.outcome, policies.error) if policies is not None else (N, None),
            )
            if in_error(outcome)
        ]
        if errors:
            return next((error for error in errors if error is not None), "indeterminate"), None
        return "no-rule", None


def step_up(allow: Allow | str | None) -> tuple[str | None, int | None]:
    """What the `authentication` lines would accept: both members when both are written."""
    assert isinstance(allow, Allow)
    return (" ".join(allow.acr) or None, allow.max_age)


def worded(answer: Answer, statements: Sequence[Carried]) -> Answer:
    """A deny with its statements, the author's words, status and challenge."""
    others = tuple(one for one in statements if one.code not in WORDING)
    found: dict[str, Value] = {"statements": others}
    for statement in statements:
        payload = json.loads(statement.payload)
        if statement.code == "denied-reason":
            found |= {"denied_code": payload["code"], "status": payload.get("status")}
        elif statement.code == "auth-challenge":
            values = payload.get("acr_values")
            text = " ".join(values) if isinstance(values, list) else values
            found["challenge"] = (text, payload.get("max_age"))
    return replace(answer, **found)


def denying_path(node: Judged) -> str:
    """The first child in tree order that made the D, down to the leaf."""
    denying = next((child for child in node.children if child.outcome == D), None)
    return node.path if denying is None else denying_path(denying)
