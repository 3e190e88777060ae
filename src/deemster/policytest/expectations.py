"""`expect:` of a case: read from nodes."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.decision import Effect, Reason
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policytest.cases import Expectation
from deemster.policytest.expected_statements import read_expected_statements
from deemster.policytest.fields import FieldReader

__all__ = ["ExpectationReader"]

_KEYS = (
    "decision", "reason", "operation", "rule", "status", "deniedReason", "challenge", "statements",
)  # fmt: skip
_CHALLENGE_KEYS = ("realm", "error", "scope", "acr_values", "max_age")
_DENIED_REASON_KEYS = ("code", "message", "detail", "status")

# What the language does not do yet; without a word here, what is read below counts.
_LATER: tuple[str, ...] = ("statements",)


class ExpectationReader:
    """Knows which operations the suite's API service has."""

    def __init__(self, fields: FieldReader, service: str, operations: frozenset[str]) -> None:
        self._fields = fields
        self._service = service
        self._operations = operations

    def read(self, node: Node) -> Expectation | None:
        """A mapping with at least `decision`; in a matrix `permit` or `deny` alone will do."""
        if isinstance(node, ScalarNode):
            effect = self._effect(node)
            return Expectation(decision=effect) if effect is not None else None
        mapping = self._fields.mapping(node, "`expect`")
        return self._read_mapping(mapping) if mapping is not None else None

    def _read_mapping(self, mapping: MappingNode) -> Expectation | None:
        fields = self._fields
        fields.only(mapping, _KEYS, "`expect`", later=_LATER)
        decision = fields.require(mapping, "decision", "`expect`")
        effect = self._effect(decision) if decision is not None else None
        reason = fields.word(mapping.get("reason"), "a reason", [word.value for word in Reason])
        operation = self._operation(mapping.get("operation"))
        if effect is None:
            return None
        return Expectation(
            decision=effect,
            reason=Reason(reason) if reason is not None else None,
            operation=operation,
            rule=fields.text(mapping.get("rule"), "`rule`"),
            status=fields.http_status(mapping.get("status")),
            denied_reason=self._denied_reason(mapping.get("deniedReason")),
            challenge=self._subset(mapping.get("challenge"), "`challenge`", _CHALLENGE_KEYS),
            statements=(
                read_expected_statements(mapping.get("statements"), fields)
                if "statements" not in _LATER
                else None
            ),
        )

    def _effect(self, node: Node) -> Effect | None:
        word = self._fields.word(node, "a decision", [effect.value for effect in Effect])
        return Effect(word) if word is not None else None

    def _operation(self, node: Node | None) -> str | None:
        text = self._fields.text(node, "`operation`")
        if text is not None and node is not None and text not in self._operations:
            self._fields.sink.error(
                Code.UNKNOWN_OPERATION,
                f"API service `{self._service}` has no operation `{text}`",
                node.span,
                help=did_you_mean(text, sorted(self._operations)),
            )
        return text

    def _denied_reason(self, node: Node | None) -> Mapping[str, object] | None:
        if isinstance(node, ScalarNode):
            code = self._fields.text(node, "`deniedReason`")
            return {"code": code} if code is not None else None
        return self._subset(node, "`deniedReason`", _DENIED_REASON_KEYS)

    def _subset(
        self, node: Node | None, what: str, keys: tuple[str, ...]
    ) -> Mapping[str, object] | None:
        mapping = self._fields.mapping(node, what)
        if mapping is None:
            return None
        self._fields.only(mapping, keys, what)
        return {key.text: self._fields.json(value) for key, value in mapping.entries}
