"""`statements:` of `expect`: which ones the decision must carry."""

from __future__ import annotations

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import EXPECTED_STATEMENT
from deemster.policy.parsing.scalars import text_of
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policytest.cases import ExpectedStatement
from deemster.policytest.fields import json_of

__all__ = ["read_expected_statements"]


def read_expected_statements(expect: Fields) -> tuple[ExpectedStatement, ...] | None:
    """A list, each item a code or `{code, id, obligatory, payload}`; or the word `none`."""
    node = expect.node_of("statements")
    if node is None:
        return None
    if isinstance(node, ScalarNode) and node.text == "none":
        return ()
    found = [_statement(item, expect.sink) for item in expect.items("statements")]
    return tuple(item for item in found if item is not None)


def _statement(node: Node, sink: DiagnosticSink) -> ExpectedStatement | None:
    if isinstance(node, ScalarNode):
        text = text_of(node, sink, "the code of a statement")
        return ExpectedStatement(code=text.value) if text is not None else None
    fields = Fields.of(node, EXPECTED_STATEMENT, sink)
    code = fields.string("code") if fields is not None else None
    if fields is None or code is None:
        return None
    return ExpectedStatement(
        code=code,
        id=fields.string("id"),
        obligatory=fields.flag("obligatory", default=False) if "obligatory" in fields else None,
        has_payload="payload" in fields,
        payload=json_of(fields, "payload"),
    )
