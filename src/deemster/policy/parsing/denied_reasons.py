"""`deniedReason:` and `otherwise:`, the author's own words on a deny."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.parsing.fields import Fields, Shape
from deemster.policy.parsing.scalars import describe, listed
from deemster.policy.tree import DeniedReasonText

__all__ = ["parse_denied_reason", "parse_otherwise"]

_KEYS = frozenset({"code", "message", "detail"})
_REQUIRED = {
    "code": "a word that the caller's program can test, for example `pay.not-allowed`",
    "message": "a sentence for people",
}
_DENIED_REASON = Shape(
    "`deniedReason`",
    _KEYS | {"status"},
    required=_REQUIRED,
    example='deniedReason: {code: export.tier, message: "..."}',
)
_OTHERWISE = Shape(
    "`otherwise`",
    _KEYS,
    required=_REQUIRED,
    elsewhere={
        "status": "`otherwise` adds words to a deny and never changes its status; "
        "a `deniedReason` on a rule or policy may carry one"
    },
    example='otherwise: {code: pay.not-allowed, message: "..."}',
)
_STATUSES = {"401": 401, "403": 403, "404": 404}


def parse_denied_reason(fields: Fields) -> DeniedReasonText | None:
    """`deniedReason` of a rule or policy; None where it is absent or was refused."""
    return _parse(fields, "deniedReason", _DENIED_REASON)


def parse_otherwise(fields: Fields) -> DeniedReasonText | None:
    """`otherwise` of an operation; None where it is absent or was refused."""
    return _parse(fields, "otherwise", _OTHERWISE)


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
    if found is None or found.value in _STATUSES:
        return None if found is None else _STATUSES[found.value]
    node = fields.node_of("status")
    fields.sink.error(
        Code.BAD_VALUE,
        f"a deny cannot have status {describe(node) if node is not None else ''}",
        found.span,
        help=f"expected {listed(_STATUSES)}",
    )
    return None
