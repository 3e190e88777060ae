"""What a Library, an ApiService or a Policy declares, from imports to statements."""

from __future__ import annotations

from dataclasses import replace

from deemster.policy.parsing import forms
from deemster.policy.parsing.attribute_shapes import ATTRIBUTE
from deemster.policy.parsing.attributes import parse_attributes
from deemster.policy.parsing.conditions import parse_condition
from deemster.policy.parsing.constants import CONSTANT, parse_constants
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.scalars import text_of
from deemster.policy.parsing.schema import SCHEMA, parse_schema
from deemster.policy.parsing.shapes import Key, Keys
from deemster.policy.parsing.statements import STATEMENTS, parse_statements
from deemster.policy.tree import Declarations, Import, NamedCondition

__all__ = ["DECLARATION_KEYS", "parse_declarations"]

DECLARATION_KEYS = Keys(
    {
        "imports": Key(
            forms.MapOf(forms.Text("path of a file")),
            "Libraries that this file uses, by the alias that it gives them. Paths are relative to"
            " this file and stay inside the tree.",
            "{std: ../lib/standard.yaml}",
        ),
        "schema": Key(
            SCHEMA,
            "Declares the claims and the user's attributes that conditions read, with their types.",
        ),
        "constants": Key(
            forms.MapOf(CONSTANT),
            "Values that conditions use by name: text, an integer, `true` or `false`, or a list"
            " of texts or of integers.",
            "{OFFICE_NETS: [10.0.0.0/8, 192.0.2.0/24]}",
        ),
        "attributes": Key(
            forms.MapOf(ATTRIBUTE),
            "Values from the body, a header, a service, a database or another attribute. Read as"
            " `attr.name`, those of an imported Library as `alias.name`.",
            '{amount: {type: int, source: {body: "$.amount"}}}',
        ),
        "conditions": Key(
            forms.MapOf(forms.Condition()),
            "Conditions that others use by name.",
            '{in_office: "request.ip.inAny(OFFICE_NETS)"}',
        ),
        "statements": STATEMENTS,
    }
)


def parse_declarations(fields: Fields) -> Declarations:
    """Whatever could be parsed; errors are in the sink."""
    before = fields.sink.error_count
    found = Declarations(
        imports=_imports(fields),
        schema=parse_schema(fields),
        constants=parse_constants(fields),
        attributes=parse_attributes(fields),
        conditions=_conditions(fields),
        statements=parse_statements(fields),
    )
    # A misspelt key of the document may have been meant to declare something.
    complete = fields.sink.error_count == before and fields.keys_are_known
    return found if complete else replace(found, complete=False)


def _imports(fields: Fields) -> tuple[Import, ...]:
    found = []
    for key, value in fields.entries("imports"):
        alias = checked_name(key, fields.sink)
        path = text_of(value, fields.sink, f"the path of `{key.text}`")
        if alias is not None and path is not None:
            found.append(Import(alias, path))
    return tuple(found)


def _conditions(fields: Fields) -> tuple[NamedCondition, ...]:
    found = []
    for key, value in fields.entries("conditions"):
        name = checked_name(key, fields.sink)
        condition = parse_condition(value, fields.sink)
        if name is not None and condition is not None:
            found.append(NamedCondition(name, condition))
    return tuple(found)
