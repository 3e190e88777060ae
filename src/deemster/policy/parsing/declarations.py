"""What a Library, an ApiService or a Policy declares: imports, schema, constants, conditions."""

from __future__ import annotations

from dataclasses import replace

from deemster.policy.parsing.conditions import parse_condition
from deemster.policy.parsing.constants import parse_constants
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.scalars import text_of
from deemster.policy.parsing.schema import parse_schema
from deemster.policy.tree import Declarations, Import, NamedCondition

__all__ = ["DECLARATION_KEYS", "LATER_DECLARATIONS", "parse_declarations"]

DECLARATION_KEYS = frozenset({"imports", "schema", "constants", "conditions"})
LATER_DECLARATIONS = {
    "attributes": "attributes fetched from a source",
    "statements": "statements for the gateway",
}


def parse_declarations(fields: Fields) -> Declarations:
    """Whatever could be parsed; errors are in the sink."""
    before = fields.sink.error_count
    found = Declarations(
        imports=_imports(fields),
        schema=parse_schema(fields),
        constants=parse_constants(fields),
        conditions=_conditions(fields),
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
