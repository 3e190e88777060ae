"""Nodes with outcomes by hand, and statements for them to carry."""

from __future__ import annotations

from collections.abc import Callable

from deemster.errors import EvaluationError
from deemster.model.decision import NodeRef, Reason, Statement
from deemster.model.source import SourceSpan
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import NodeResult
from deemster.policy.statements.attached import AttachedStatement, carried_by, carries_of
from deemster.policy.statements.codes import APPLIES_TO
from deemster.policy.statements.declared import StatementDeclaration
from deemster.policy.statements.nodes import CarryingResult
from deemster.policy.tree import Text
from deemster.policy.values import Values

__all__ = ["SPAN", "FixedNode", "a_statement", "failure", "ref", "words"]

SPAN = SourceSpan("tree/x.yaml", 7, 3, 7, 9)


def ref(name: str) -> NodeRef:
    return NodeRef(name, SPAN)


def failure(message: str = "no value") -> EvaluationError:
    return EvaluationError(message, reason=Reason.ATTRIBUTE_MISSING, span=SPAN)


def a_statement(
    name: str,
    applies_to: str = "permit",
    *,
    code: str = "custom",
    payload: object = None,
    own_effect: bool = False,
    obligatory: bool = False,
    build: Callable[[Values], Statement] | None = None,
) -> AttachedStatement:
    """One that is always the same, unless it is told how it is built."""
    declaration = StatementDeclaration(
        Text(name, SPAN), code, APPLIES_TO[applies_to], own_effect, obligatory, payload, SPAN
    )
    made = Statement(id=name, code=code, payload=payload, obligatory=obligatory)
    return AttachedStatement(declaration, build or (lambda _: made), fixed=build is None)


def words(code: str) -> AttachedStatement:
    """Words for a deny, both code and message."""
    payload = {"code": code, "message": code}
    return a_statement(code, "deny", code="denied-reason", payload=payload)


class FixedNode:
    """A child with a given outcome; counts how often it is asked."""

    def __init__(self, name: str, outcome: Outcome, *attached: AttachedStatement) -> None:
        self.ref = ref(name)
        self.carries = carries_of(attached)
        self.attached = attached
        self.asked = 0
        error = failure(name) if outcome.is_indeterminate else None
        self._result = NodeResult(outcome, self.ref, error)
        if attached:
            carried = carried_by(attached)[outcome]
            self._result = CarryingResult(outcome, self.ref, error, carried)

    def evaluate(self, values: Values) -> NodeResult:
        self.asked += 1
        return self._result
