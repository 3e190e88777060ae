"""`expect:` of a case: read from nodes."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.decision import Effect
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing.fields import Fields, Shape, chosen
from deemster.policy.parsing.policy_tests import (
    EFFECTS,
    EXPECTATION,
    EXPECTED_CHALLENGE,
    EXPECTED_REASON,
    REASONS,
)
from deemster.policy.parsing.scalars import json_value, text_of
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policytest.cases import Expectation
from deemster.policytest.expected_statements import read_expected_statements
from deemster.policytest.subject import SuiteSubject

__all__ = ["ExpectationReader"]


class ExpectationReader:
    """Knows which operations and nodes the suite's API service has."""

    def __init__(self, sink: DiagnosticSink, subject: SuiteSubject) -> None:
        self._sink = sink
        self._subject = subject

    def read_row(self, node: Node) -> Expectation | None:
        """In a matrix `permit` or `deny` alone will do."""
        if not isinstance(node, ScalarNode):
            return self.read(node)
        text = text_of(node, self._sink, "what is expected")
        effect = chosen(text, "decision", EFFECTS, self._sink) if text is not None else None
        return Expectation(decision=effect) if effect is not None else None

    def read(self, node: Node) -> Expectation | None:
        """A mapping with at least `decision`."""
        fields = Fields.of(node, EXPECTATION, self._sink)
        if fields is None:
            return None
        effect = fields.choice("decision", EFFECTS)
        read = Expectation(
            # Where the decision was refused, the rest is still read for its mistakes.
            decision=effect or Effect.DENY,
            reason=fields.choice("reason", REASONS),
            operation=self._operation(fields),
            rule=self._rule(fields),
            status=fields.integer("status"),
            denied_reason=self._denied_reason(fields),
            challenge=_subset(fields, "challenge", EXPECTED_CHALLENGE),
            statements=read_expected_statements(fields),
        )
        return read if effect is not None else None

    def _operation(self, fields: Fields) -> str | None:
        text = fields.text("operation")
        if text is None:
            return None
        operations = self._subject.operations
        if text.value not in operations:
            self._sink.error(
                Code.UNKNOWN_OPERATION,
                f"API service `{self._subject.id}` has no operation `{text.value}`",
                text.span,
                help=did_you_mean(text.value, sorted(operations)),
            )
        return text.value

    def _rule(self, fields: Fields) -> str | None:
        text = fields.text("rule")
        if text is None:
            return None
        if text.value not in self._subject.nodes:
            # No error: where a rule was taken away, the case is to say what decides now.
            self._sink.warning(
                Code.TEST_SUITE,
                f"API service `{self._subject.id}` has no node `{text.value}`",
                text.span,
                help=did_you_mean(text.value, sorted(self._subject.nodes))
                or "an id path is written `service/operation/policy/rule`, as traces show it",
            )
        return text.value

    def _denied_reason(self, fields: Fields) -> Mapping[str, object] | None:
        if isinstance(fields.node_of("deniedReason"), ScalarNode):
            code = fields.string("deniedReason")
            return {"code": code} if code is not None else None
        return _subset(fields, "deniedReason", EXPECTED_REASON)


def _subset(parent: Fields, key: str, shape: Shape) -> Mapping[str, object] | None:
    node = parent.node_of(key)
    fields = Fields.of(node, shape, parent.sink) if node is not None else None
    if fields is None:
        return None
    return {name.text: json_value(value, fields.sink) for name, value in fields.node.entries}
