"""JSON Schemas (2020-12) of policy documents, made of the loader's own model.

They are for editors: completion, hover, and a mark under what the loader would refuse by its
shape. INVARIANT: whatever the loader accepts a schema accepts; the other way it is as strict as is
cheap. One exception: an unquoted `null` or `~` as a text, which a schema takes for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations

from deemster.policy.parsing import forms
from deemster.policy.parsing.conditions import CONDITION
from deemster.policy.parsing.scalars import DURATION_PATTERN, listed
from deemster.policy.parsing.shapes import Key, Shape, Variant
from deemster.policytools.json_texts import json_of
from deemster.policytools.scalar_schemas import JsonObject, scalar_schema
from deemster.policytools.walking import resolved, shapes_below

__all__ = ["COMBINED", "combined_schema", "file_name_of", "schema_of_kind"]

COMBINED = "deemster.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def file_name_of(kind: str) -> str:
    """`api-service.schema.json` of `ApiService`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower() + ".schema.json"


def schema_of_kind(kind: str, shape: Shape) -> JsonObject:
    """The schema of the documents of one kind."""
    definitions = _Definitions([shape])
    return {
        "$schema": _DIALECT,
        **definitions.object_of(shape),
        "title": f"Deemster {kind}, deemster/v1",
        "$defs": definitions.all_but(shape),
    }


def combined_schema(documents: Mapping[str, Shape]) -> JsonObject:
    """The schema of a document of any kind, told apart by `kind`."""
    definitions = _Definitions(list(documents.values()))
    return {
        "$schema": _DIALECT,
        "title": "Deemster policy document, deemster/v1",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(documents), "description": "What the document is."}},
        "allOf": [
            {
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": definitions.schema_of(shape),
            }
            for kind, shape in documents.items()
        ],
        "$defs": definitions.all_but(None),
    }


class _Definitions:
    """`$defs`: one a shape, named by it."""

    def __init__(self, roots: list[Shape]) -> None:
        self._shapes: list[Shape] = []
        self._names: dict[int, str] = {}
        for root in roots:
            for shape in shapes_below(root):
                if id(shape) not in self._names:
                    self._names[id(shape)] = self._free_name(shape.name)
                    self._shapes.append(shape)

    def all_but(self, root: Shape | None) -> JsonObject:
        """The definitions; the root of a schema is none of them."""
        found = {
            self._names[id(shape)]: self.object_of(shape)
            for shape in self._shapes
            if shape is not root
        }
        return dict(sorted(found.items()))

    def object_of(self, shape: Shape) -> JsonObject:
        """A mapping with known keys."""
        made: JsonObject = {"title": _plain(shape.name), "type": "object"}
        if shape.doc:
            made["description"] = shape.doc
        made["properties"] = {name: self._property(shape.key(name)) for name in shape.keys}
        if shape.required:
            made["required"] = [name for name in shape.keys if name in shape.required]
        made["additionalProperties"] = False
        rules = _rules_of(shape) + [self._variant(variant) for variant in shape.variants]
        if rules:
            made["allOf"] = rules
        return made

    def schema_of(self, form: forms.Form) -> JsonObject:
        """A value of this form."""
        if isinstance(form, Shape):
            return {"$ref": f"#/$defs/{self._names[id(form)]}"}
        match form:
            case forms.ListOf():
                return self._array(form)
            case forms.MapOf(value=value):
                return {
                    "type": "object",
                    "additionalProperties": self.schema_of(value),
                    **_limits_of_names(form),
                }
            case forms.Condition():
                return {"anyOf": [self.schema_of(CONDITION), scalar_schema(forms.Text())]}
            case forms.OneOf():
                return {"anyOf": [self.schema_of(inner) for inner in _shapes_first(form)]}
            case forms.Deferred():
                return self.schema_of(resolved(form))
            case _:
                return scalar_schema(form)

    def _variant(self, variant: Variant) -> JsonObject:
        return {
            "if": {
                "required": [variant.key],
                "properties": {variant.key: {"enum": list(variant.words)}},
            },
            "then": {
                "required": [variant.dependent],
                "properties": {variant.dependent: self.schema_of(variant.form)},
            },
        }

    def _property(self, key: Key | None) -> JsonObject:
        if key is None:
            return {}
        made: JsonObject = {"description": _sentence(key), **self.schema_of(key.form)}
        if key.default is not None and _is_value(key.form, key.default):
            made["default"] = json_of(key.default)
        if key.example is not None:
            made["examples"] = [json_of(key.example)]
        return made

    def _array(self, form: forms.ListOf) -> JsonObject:
        made: JsonObject = {"type": "array", "items": self.schema_of(form.item)}
        if not form.may_be_empty:
            made["minItems"] = 1
        if form.at_most is not None:
            made["maxItems"] = form.at_most
        if not form.may_repeat and isinstance(form.item, forms.Text | forms.Id):
            made["uniqueItems"] = True
        return made

    def _free_name(self, shape_name: str) -> str:
        words = _plain(shape_name).lower().replace("'s", "")
        name = plain = re.sub("[^a-z0-9]+", "-", words).strip("-")
        taken, number = set(self._names.values()), 1
        while name in taken:
            number += 1
            name = f"{plain}-{number}"
        return name


def _shapes_first(form: forms.OneOf) -> list[forms.Form]:
    # Of alternatives that fit equally badly, editors complain about the first.
    return sorted(form.forms, key=lambda alternative: not isinstance(alternative, Shape))


def _rules_of(shape: Shape) -> list[JsonObject]:
    """How many of some keys are written.

    Said by `if` and `then`, which editors tell in the words given here and at the right place;
    each alternative of an `anyOf` is shown where somebody hovers, and a `not` has no words.
    """
    at_least = (*shape.exactly_one, *shape.at_least_one)
    at_most = (*shape.exactly_one, *shape.at_most_one)
    rules: list[JsonObject] = [
        {
            "if": {"properties": dict.fromkeys(group, False)},
            "then": {
                "required": [group[0]],
                "errorMessage": f"{_capital(shape.name)} needs {listed(group)}.",
            },
        }
        for group in at_least
    ]
    rules += [
        {
            "if": {"required": [one]},
            "then": {
                "properties": {other: False},
                "errorMessage": f"{_capital(shape.name)} has {listed((one, other))}, not both.",
            },
        }
        for group in at_most
        for one, other in combinations(group, 2)
    ]
    return rules


def _plain(shape_name: str) -> str:
    return re.sub(r"^(a|an|the) ", "", shape_name.replace("`", ""))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _limits_of_names(form: forms.MapOf) -> JsonObject:
    made: JsonObject = {} if form.may_be_empty else {"minProperties": 1}
    pattern = scalar_schema(form.key).get("pattern")
    if pattern is not None:
        made["propertyNames"] = {"pattern": pattern}
    return made


def _sentence(key: Key) -> str:
    return key.doc if key.default is None else f"{key.doc} Default: {key.default}."


def _is_value(form: forms.Form, default: str | None) -> bool:
    """Whether a default is a value, and not words about one."""
    match form:
        case forms.Choice(options=options):
            return default in options
        case forms.Flag():
            return default in {"true", "false"}
        case forms.Integer():
            return isinstance(json_of(default or ""), int)
        case forms.Duration():
            return re.fullmatch(DURATION_PATTERN, default or "") is not None
        case _:
            return False
