"""`schema:`, the declared types of claims and user attributes."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.scalars import describe, listed
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.parsing.typed_values import TYPE_NAMES, typed_value
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policy.tree import Declaration, DeclarationScope

__all__ = ["SCHEMA", "parse_schema"]

_TYPE_SYNONYMS = {
    "str": "string",
    "text": "string",
    "integer": "int",
    "number": "int",
    "long": "int",
    "boolean": "bool",
    "date": "timestamp",
    "datetime": "timestamp",
    "list": "list<string>",
    "array": "list<string>",
    "strings": "list<string>",
}
_TYPES = f"one of {listed(TYPE_NAMES)}"
_TYPE = forms.Choice(
    {name: name for name in TYPE_NAMES},
    docs={
        "string": "text",
        "int": "an integer in 64 bits",
        "bool": "`true` or `false`",
        "timestamp": "a point in time",
        "list<string>": "a list of texts",
        "list<int>": "a list of integers",
    },
    synonyms=_TYPE_SYNONYMS,
)
_COMMON = Keys(
    {
        "type": Key(_TYPE, "The type of the value. A value of another type is an error.", "int"),
        "optional": Key(
            forms.Flag(),
            "Whether the value may be absent: `has()` tells, and a comparison with an absent value"
            " is an error.",
            "true",
            "false",
        ),
        "default": Key(
            forms.OneOf(
                (
                    forms.Text(may_be_empty=True),
                    forms.Integer(),
                    forms.Flag(),
                    forms.Instant(),
                    forms.ListOf(forms.Text(may_be_empty=True), may_be_empty=True, may_repeat=True),
                    forms.ListOf(forms.Integer(), may_be_empty=True, may_repeat=True),
                )
            ),
            "What stands for an absent value. It has the declared type.",
            "bronze",
            "none: reading an absent value is an error",
        ),
        "enum": Key(
            forms.ListOf(forms.OneOf((forms.Text(), forms.Integer()))),
            "The values that there are, of type `string` or `int`. Any other is an error.",
            "[bronze, silver, gold]",
        ),
        "min": Key(forms.Integer(), "The least value of an `int`. A lesser one is an error.", "0"),
        "max": Key(
            forms.Integer(), "The greatest value of an `int`. A greater one is an error.", "9"
        ),
    }
)
_CLAIM = Key(
    forms.Text("name of a claim"),
    "How the claim is spelled in the token, where that is no name for expressions.",
    "p1.permissions",
    "the declared name",
)
_DECLARATIONS = {
    DeclarationScope.CLAIMS: Shape(
        "the declaration of a claim",
        _COMMON | Keys({"claim": _CLAIM}),
        required={"type": _TYPES},
        doc="The type of one claim.",
    ),
    DeclarationScope.USER: Shape(
        "the declaration of a user attribute",
        _COMMON,
        required={"type": _TYPES},
        doc="The type of one attribute of the user, as the directory has it.",
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
        }
    ),
    later={
        "subject": "properties of AuthZEN subjects",
        "action": "properties of AuthZEN actions",
        "resource": "properties of AuthZEN resources",
        "context": "the AuthZEN context",
    },
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
    if fields is None:
        return None
    type_ = _type_name(fields, sink)
    optional = fields.flag("optional", default=False)
    if name is None or type_ is None:
        return None
    minimum, maximum = _bounds(fields, type_, sink)
    enum = _enum(fields, type_, sink)
    default = _default(fields, type_, sink)
    if optional and "default" in fields:
        sink.error(
            Code.BAD_VALUE,
            f"`{name.value}` cannot be optional and have a default",
            fields.key_span("default"),
            help="with a default it is always present; remove `optional`",
        )
    _check_default_allowed(fields, default, enum, (minimum, maximum), sink)
    claim = fields.string("claim")
    if sink.error_count > before:
        return None
    return Declaration(
        scope=scope,
        name=name,
        type=type_,
        optional=optional,
        has_default="default" in fields,
        default=default,
        enum=enum,
        minimum=minimum,
        maximum=maximum,
        claim=claim,
        span=key.span,
    )


def _type_name(fields: Fields, sink: DiagnosticSink) -> str | None:
    written = fields.text("type")
    if written is None or written.value in TYPE_NAMES:
        return None if written is None else written.value
    guess = _TYPE_SYNONYMS.get(written.value)
    suggestion = f"did you mean `{guess}`?" if guess else did_you_mean(written.value, TYPE_NAMES)
    sink.error(
        Code.BAD_VALUE,
        f"`{written.value}` is not a type",
        written.span,
        help=f"{suggestion} expected {_TYPES}" if suggestion else f"expected {_TYPES}",
    )
    return None


def _bounds(fields: Fields, type_: str, sink: DiagnosticSink) -> tuple[int | None, int | None]:
    for key in ("min", "max"):
        if key in fields and type_ != "int":
            sink.error(
                Code.BAD_VALUE,
                f"`{key}` is for type `int`, not `{type_}`",
                fields.key_span(key),
                help=f"remove `{key}`, or declare `type: int`",
            )
    minimum, maximum = fields.integer("min"), fields.integer("max")
    if minimum is not None and maximum is not None and minimum > maximum:
        sink.error(
            Code.BAD_VALUE,
            f"no integer is between {minimum} and {maximum}",
            fields.key_span("max"),
            help="swap `min` and `max`",
        )
    return minimum, maximum


def _enum(fields: Fields, type_: str, sink: DiagnosticSink) -> tuple[object, ...] | None:
    if "enum" not in fields:
        return None
    if type_ not in {"string", "int"}:
        sink.error(
            Code.BAD_VALUE,
            f"`enum` is for types `string` and `int`, not `{type_}`",
            fields.key_span("enum"),
            help="remove `enum`, or change the type",
        )
        return None
    texts = fields.texts("enum")
    if type_ == "string":
        return tuple(text.value for text in texts)
    return tuple(
        typed_value(item, type_, sink, "an item of `enum`") for item in fields.items("enum")
    )


def _default(fields: Fields, type_: str, sink: DiagnosticSink) -> object:
    node = fields.node_of("default")
    return None if node is None else typed_value(node, type_, sink, "`default`")


def _check_default_allowed(
    fields: Fields,
    default: object,
    enum: tuple[object, ...] | None,
    bounds: tuple[int | None, int | None],
    sink: DiagnosticSink,
) -> None:
    node = fields.node_of("default")
    if node is None or default is None:
        return
    minimum, maximum = bounds
    if enum is not None and default not in enum:
        sink.error(
            Code.NOT_IN_ENUM,
            f"the default {describe(node)} is not in `enum`",
            node.span,
            help=did_you_mean(str(default), [str(member) for member in enum]),
        )
    if isinstance(default, int) and (
        (minimum is not None and default < minimum) or (maximum is not None and default > maximum)
    ):
        sink.error(
            Code.BAD_VALUE, f"the default {describe(node)} is outside `min` and `max`", node.span
        )
