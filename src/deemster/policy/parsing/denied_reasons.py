"""`deniedReason:` and `otherwise:`, the author's own words on a deny."""

from __future__ import annotations

from dataclasses import replace

from deemster.policy.codes import Code
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.scalars import describe, listed
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.reading.nodes import MappingNode, ScalarNode
from deemster.policy.statements.codes import KnownCode, NodeEffect
from deemster.policy.statements.declared import StatementDeclaration
from deemster.policy.statements.templates import JsonTemplate, read_text_template
from deemster.policy.tree import DeniedReasonText, Text

__all__ = ["DENIED_REASON", "OTHERWISE", "parse_denied_reason", "parse_otherwise"]

_KEYS = Keys(
    {
        "code": Key(forms.Text(), "A word that the caller's program can test.", "pay.not-allowed"),
        "message": Key(forms.Text(), "A sentence for people.", '"Paying needs the finance group."'),
        "detail": Key(
            forms.Text(), "More for people, such as what to do now.", '"Ask your team lead."'
        ),
    }
)
_STATUS = forms.Choice(
    {"401": 401, "403": 403, "404": 404},
    docs={"401": "log in", "403": "forbidden", "404": "as if nothing were there"},
)
_REQUIRED = {
    "code": "a word that the caller's program can test, for example `pay.not-allowed`",
    "message": "a sentence for people",
}
DENIED_REASON = Shape(
    "`deniedReason`",
    _KEYS | Keys({"status": Key(_STATUS, "The HTTP status of the answer.", "404", "403")}),
    required=_REQUIRED,
    example='deniedReason: {code: export.tier, message: "..."}',
    doc="The author's own words on a deny. It is short for a `denied-reason` statement.",
)
OTHERWISE = Shape(
    "`otherwise`",
    _KEYS,
    required=_REQUIRED,
    elsewhere={
        "status": "`otherwise` adds words to a deny and never changes its status; "
        "a `deniedReason` on a rule or policy may carry one"
    },
    example='otherwise: {code: pay.not-allowed, message: "..."}',
    doc="The author's own words where `allow` denies. Reason, status and challenge stay.",
)


def parse_denied_reason(fields: Fields) -> DeniedReasonText | None:
    """`deniedReason` of a rule or policy; None where it is absent or was refused."""
    text = _parse(fields, "deniedReason", DENIED_REASON)
    node = fields.node_of("deniedReason")
    if text is None or not isinstance(node, MappingNode):
        return text
    payload: dict[str, JsonTemplate] = {
        key.text: read_text_template(value, fields.sink)
        for key, value in node.entries
        if isinstance(value, ScalarNode) and key.text != "status"
    }
    if text.status is not None:
        payload["status"] = text.status
    return replace(
        text,
        statement=StatementDeclaration(
            name=Text("deniedReason", fields.key_span("deniedReason")),
            code=KnownCode.DENIED_REASON.value,
            applies_to=frozenset({NodeEffect.DENY}),
            own_effect=False,
            obligatory=False,
            payload=payload,
            span=node.span,
        ),
    )


def parse_otherwise(fields: Fields) -> DeniedReasonText | None:
    """`otherwise` of an operation; None where it is absent or was refused."""
    return _parse(fields, "otherwise", OTHERWISE)


def _parse(parent: Fields, key: str, shape: Shape) -> DeniedReasonText | None:
    node = parent.node_of(key)
    fields = None if node is None else Fields.of(node, shape, parent.sink)
    if fields is None:
        return None
    code, message = fields.string("code"), fields.string("message")
    detail, status = fields.string("detail"), _status(fields)
    if code is None or message is None:
        return None
    return DeniedReasonText(code, message, detail, status, fields.node.span)


def _status(fields: Fields) -> int | None:
    if "status" not in fields.shape.names:
        return None
    found = fields.text("status")
    if found is None or found.value in _STATUS.options:
        return None if found is None else _STATUS.options[found.value]
    node = fields.node_of("status")
    fields.sink.error(
        Code.BAD_VALUE,
        f"a deny cannot have status {describe(node) if node is not None else ''}",
        found.span,
        help=f"expected {listed(_STATUS.options)}",
    )
    return None
