"""What every declaration of a typed value has: type, absence, enumeration and range."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.scalars import describe, listed
from deemster.policy.parsing.shapes import Key, Keys
from deemster.policy.parsing.typed_values import TYPE_NAMES, typed_value
from deemster.policy.reading.nodes import Node
from deemster.policy.tree import Text

__all__ = ["TYPED_KEYS", "TYPES", "TypedPart", "check_admitted", "parse_typed"]

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
TYPES = f"one of {listed(TYPE_NAMES)}"
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
TYPED_KEYS = Keys(
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


@dataclass(frozen=True, slots=True)
class TypedPart:
    """The members of `tree.Declaration` of the same names."""

    type: str
    optional: bool
    has_default: bool
    default: object
    enum: tuple[object, ...] | None
    minimum: int | None
    maximum: int | None


def parse_typed(
    fields: Fields, name: Text, sink: DiagnosticSink, types: Collection[str] = TYPE_NAMES
) -> TypedPart | None:
    """The typed part; None where there is no type. Other errors are in the sink."""
    type_ = _type_name(fields, sink, types)
    optional = fields.flag("optional", default=False)
    if type_ is None:
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
    found = TypedPart(type_, optional, "default" in fields, default, enum, minimum, maximum)
    written = fields.node_of("default")
    if written is not None and default is not None:
        check_admitted(default, written, found, sink, "the default")
    return found


def _type_name(fields: Fields, sink: DiagnosticSink, types: Collection[str]) -> str | None:
    written = fields.text("type")
    if written is None or written.value in types:
        return None if written is None else written.value
    expected = f"expected one of {listed(types)}"
    guess = _TYPE_SYNONYMS.get(written.value)
    suggestion = f"did you mean `{guess}`?" if guess else did_you_mean(written.value, types)
    sink.error(
        Code.BAD_VALUE,
        f"`{written.value}` is not a type",
        written.span,
        help=f"{suggestion} {expected}" if suggestion else expected,
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


def check_admitted(
    value: object, node: Node, typed: TypedPart, sink: DiagnosticSink, what: str
) -> None:
    """Report a value of the declared type that `enum`, `min` or `max` leaves out."""
    if typed.enum is not None and value not in typed.enum:
        sink.error(
            Code.NOT_IN_ENUM,
            f"{what} {describe(node)} is not in `enum`",
            node.span,
            help=did_you_mean(str(value), [str(member) for member in typed.enum]),
        )
    low, high = typed.minimum, typed.maximum
    if isinstance(value, int) and (
        (low is not None and value < low) or (high is not None and value > high)
    ):
        sink.error(Code.BAD_VALUE, f"{what} {describe(node)} is outside `min` and `max`", node.span)
