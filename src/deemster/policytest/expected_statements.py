"""`statements:` of `expect`: which ones the decision must carry."""

from __future__ import annotations

from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policytest.cases import ExpectedStatement
from deemster.policytest.fields import FieldReader

__all__ = ["read_expected_statements"]

_KEYS = ("code", "id", "obligatory", "payload")


def read_expected_statements(
    node: Node | None, fields: FieldReader
) -> tuple[ExpectedStatement, ...] | None:
    """A list, each item a code or `{code, id, obligatory, payload}`; or the word `none`."""
    if isinstance(node, ScalarNode) and node.text == "none":
        return ()
    if node is None:
        return None
    items = fields.sequence(node, "`statements`")
    if not items and fields.sink.error_count == 0:
        fields.refuse(
            "an empty list of statements expects nothing",
            node.span,
            help="write `none` if the decision must carry no statement",
        )
    found = [_statement(item, fields) for item in items]
    return tuple(item for item in found if item is not None)


def _statement(node: Node, fields: FieldReader) -> ExpectedStatement | None:
    if isinstance(node, ScalarNode):
        code = fields.text(node, "the code of a statement")
        return ExpectedStatement(code=code) if code is not None else None
    written = fields.mapping(node, "an item of `statements`")
    if written is None:
        return None
    fields.only(written, _KEYS, "an item of `statements`")
    code = fields.text(fields.require(written, "code", "an item of `statements`"), "`code`")
    if code is None:
        return None
    payload, obligatory = written.get("payload"), written.get("obligatory")
    return ExpectedStatement(
        code=code,
        id=fields.text(written.get("id"), "`id`"),
        obligatory=(
            fields.boolean(obligatory, "`obligatory`", default=False)
            if obligatory is not None
            else None
        ),
        has_payload=payload is not None,
        payload=fields.json(payload) if payload is not None else None,
    )
