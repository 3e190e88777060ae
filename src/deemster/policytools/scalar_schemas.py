"""JSON Schemas of single values: texts, words, numbers."""

from __future__ import annotations

from typing import TypeAlias

from deemster.policy.parsing import forms
from deemster.policy.parsing.ids import ID_PATTERN, NAME_PATTERN
from deemster.policy.parsing.scalars import DURATION_PATTERN, INT_MAX, INT_MIN
from deemster.policytools.json_texts import json_of

__all__ = ["JsonObject", "scalar_schema"]

JsonObject: TypeAlias = dict[str, object]

# RFC 3339 5.6; whether the day exists is for the loader.
_INSTANT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# A plain `2026` or `true` is text where text is declared. Said without `type`, or editors would
# offer `true` and `false` for every text.
_ANY_SCALAR: JsonObject = {"not": {"type": ["object", "array", "null"]}}


def scalar_schema(form: forms.Form) -> JsonObject:
    """A value that is no mapping and no list; any JSON for a form that is free."""
    match form:
        case forms.Text() | forms.String() | forms.Id() | forms.Name():
            return _text(form)
        case forms.Flag():
            return {"type": "boolean"}
        case forms.Integer():
            return _integer(form)
        case forms.Duration():
            return {"type": "string", "pattern": _whole(DURATION_PATTERN)}
        case forms.Instant():
            return {"type": "string", "pattern": _whole(_INSTANT)}
        case forms.Choice():
            return _choice(form)
        case _:
            return {}


def _text(form: forms.Text | forms.String | forms.Id | forms.Name) -> JsonObject:
    match form:
        case forms.String():
            return {"type": "string"}
        case forms.Id():
            return {**_ANY_SCALAR, "pattern": _whole(ID_PATTERN)}
        case forms.Name():
            return {**_ANY_SCALAR, "pattern": _whole(NAME_PATTERN)}
        case forms.Text(may_be_empty=True):
            return dict(_ANY_SCALAR)
        case forms.Text(pattern=str() as pattern):
            return {**_ANY_SCALAR, "minLength": 1, "pattern": _whole(pattern)}
        case forms.Text():
            return {**_ANY_SCALAR, "minLength": 1}


def _integer(form: forms.Integer) -> JsonObject:
    made: JsonObject = {"type": "integer"}
    if form.minimum != INT_MIN:
        made["minimum"] = form.minimum
    if form.maximum != INT_MAX:
        made["maximum"] = form.maximum
    return made


def _choice(form: forms.Choice[object]) -> JsonObject:
    # `404` is a word of the language and a number to every other reader of YAML.
    words = [json_of(word) for word in form.options]
    words += [word for word in form.options if word not in words]
    if not form.docs:
        return {"enum": words}
    # Not of JSON Schema, which lets it stand; editors show it.
    told = [form.docs.get(str(word), "") for word in words]
    return {"enum": words, "markdownEnumDescriptions": told}


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"
