"""`schema:`, the declared types of claims, user attributes and what AuthZEN asks about."""

from __future__ import annotations

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.parsing.typed_declarations import TYPED_KEYS, TYPES, parse_typed
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policy.tree import Declaration, DeclarationScope

__all__ = ["SCHEMA", "parse_schema"]

_CLAIM = Key(
    forms.Text("name of a claim"),
    "How the claim is spelled in the token, where that is no name for expressions.",
    "p1.permissions",
    "the declared name",
)


def _property(what: str, part: str) -> Shape:
    return Shape(
        f"the declaration of {what}",
        TYPED_KEYS,
        required={"type": TYPES},
        doc=f"The type of one property of `{part}` in an AuthZEN question.",
    )


_DECLARATIONS = {
    DeclarationScope.CLAIMS: Shape(
        "the declaration of a claim",
        TYPED_KEYS | Keys({"claim": _CLAIM}),
        required={"type": TYPES},
        doc="The type of one claim.",
    ),
    DeclarationScope.USER: Shape(
        "the declaration of a user attribute",
        TYPED_KEYS,
        required={"type": TYPES},
        doc="The type of one attribute of the user, as the directory has it.",
    ),
    DeclarationScope.SUBJECT: _property("a property of the subject", "subject"),
    DeclarationScope.ACTION: _property("a property of the action", "action"),
    DeclarationScope.RESOURCE: _property("a property of the resource", "resource"),
    DeclarationScope.CONTEXT: Shape(
        "the declaration of a member of the context",
        TYPED_KEYS,
        required={"type": TYPES},
        doc="The type of one member of `context` in an AuthZEN question.",
    ),
}
SCHEMA = Shape(
    "`schema`",
    Keys(
        {
            "claims": Key(
                forms.MapOf(_DECLARATIONS[DeclarationScope.CLAIMS]),
                "Claims of the token beside the registered ones, which are declared from the"
                " start. Read as `claims.name`.",
                "{tenant: {type: string, optional: true}}",
            ),
            "user": Key(
                forms.MapOf(_DECLARATIONS[DeclarationScope.USER]),
                "Attributes of the user, beside `id`, `groups`, `roles` and `permissions`. Read as"
                " `user.name`.",
                "{level: {type: int, min: 0, max: 9, optional: true}}",
            ),
            "subject": Key(
                forms.MapOf(_DECLARATIONS[DeclarationScope.SUBJECT]),
                "Properties of the subject of an AuthZEN question, as the caller says. Read as"
                " `subject.properties.name`.",
                "{role: {type: string, optional: true}}",
            ),
            "action": Key(
                forms.MapOf(_DECLARATIONS[DeclarationScope.ACTION]),
                "Properties of the action of an AuthZEN question. Read as"
                " `action.properties.name`.",
                "{soft: {type: bool, default: false}}",
            ),
            "resource": Key(
                forms.MapOf(_DECLARATIONS[DeclarationScope.RESOURCE]),
                "Properties of the resource of an AuthZEN question. Read as"
                " `resource.properties.name`.",
                "{ownerID: {type: string}}",
            ),
            "context": Key(
                forms.MapOf(_DECLARATIONS[DeclarationScope.CONTEXT]),
                "Members of the context of an AuthZEN question. Read as `context.name`.",
                "{channel: {type: string, enum: [web, phone]}}",
            ),
        }
    ),
    doc="Declared types: what a condition reads must be declared, and a mistake is found on load.",
)


def parse_schema(fields: Fields) -> tuple[Declaration, ...]:
    """`schema:` of a document; declarations with an error are left out."""
    node = fields.node_of("schema")
    sections = None if node is None else Fields.of(node, SCHEMA, fields.sink)
    if sections is None:
        return ()
    found = []
    for scope in DeclarationScope:
        for key, value in sections.entries(scope.value):
            declaration = _declaration(scope, key, value, fields.sink)
            if declaration is not None:
                found.append(declaration)
    return tuple(found)


def _declaration(
    scope: DeclarationScope, key: ScalarNode, node: Node, sink: DiagnosticSink
) -> Declaration | None:
    before = sink.error_count
    name = checked_name(key, sink)
    fields = Fields.of(node, _DECLARATIONS[scope], sink)
    if fields is None or name is None:
        return None
    typed = parse_typed(fields, name, sink)
    claim = fields.string("claim")
    if typed is None or sink.error_count > before:
        return None
    return Declaration(
        scope=scope,
        name=name,
        type=typed.type,
        optional=typed.optional,
        has_default=typed.has_default,
        default=typed.default,
        enum=typed.enum,
        minimum=typed.minimum,
        maximum=typed.maximum,
        claim=claim,
        span=key.span,
    )
