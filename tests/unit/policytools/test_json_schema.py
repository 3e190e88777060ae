"""JSON Schemas: one a kind, with what an editor shows; examples and defaults are what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deemster.policy.parsing import forms
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policytools.json_schema import combined_schema, file_name_of, schema_of_kind

RULE = Shape(
    "a rule",
    Keys(
        {
            "id": Key(forms.Id(), "Names it."),
            "effect": Key(
                forms.Choice({"permit": 1, "deny": 2}, docs={"permit": "yes", "deny": "no"}),
                "What it says.",
                default="deny",
            ),
            "when": Key(forms.Condition(), "When.", default="always"),
            "unless": Key(forms.Condition(), "When not."),
        }
    ),
    required={"id": None},
    at_most_one=(("when", "unless"),),
)


def schema() -> dict[str, Any]:
    return schema_of_kind("Rule", RULE)


def test_a_file_is_named_by_the_words_of_its_kind() -> None:
    assert file_name_of("ApiService") == "api-service.schema.json"
    assert file_name_of("Library") == "library.schema.json"


def test_a_default_that_is_a_value_is_one_and_words_are_told() -> None:
    properties = schema()["properties"]
    assert properties["effect"]["default"] == "deny"
    assert "default" not in properties["when"]
    assert properties["when"]["description"] == "When. Default: always."


def test_words_of_a_choice_say_what_they_mean() -> None:
    effect = schema()["properties"]["effect"]
    assert effect["enum"] == ["permit", "deny"]
    assert effect["markdownEnumDescriptions"] == ["yes", "no"]


@pytest.mark.parametrize(
    ("document", "accepted"),
    [
        ({"id": "a"}, True),
        ({"id": 7}, True),
        ({"id": "a", "when": "true"}, True),
        ({"id": "a", "when": True}, True),
        ({"id": "a", "when": {"all": ["x", {"not": "y"}]}}, True),
        ({"id": "a", "when": {"all": []}}, False),
        ({"id": "a", "when": {"all": ["x"], "any": ["x"]}}, False),
        ({"id": "a", "when": ["x"]}, False),
        ({"id": "a", "when": "x", "unless": "y"}, False),
        ({"id": "a", "where": "x"}, False),
        ({"id": "a", "effect": "allow"}, False),
        ({"id": "A"}, False),
        ({"id": None}, False),
        ({}, False),
        ("a", False),
    ],
)
def test_what_the_shape_has_is_accepted_and_nothing_else(document: object, accepted: bool) -> None:
    assert Draft202012Validator(schema()).is_valid(document) is accepted


def test_the_schema_for_all_kinds_tells_them_apart() -> None:
    validator = Draft202012Validator(combined_schema(DOCUMENTS))
    header = {"apiVersion": "deemster/v1", "metadata": {"id": "a"}}
    assert validator.is_valid({**header, "kind": "Library"})
    assert not validator.is_valid({**header, "kind": "Policy"})
    assert not validator.is_valid({**header, "kind": "Librarian"})
    assert not validator.is_valid(header)


def properties_in(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        properties = value.get("properties", {})
        yield from ((name, made) for name, made in properties.items() if isinstance(made, dict))
        for inner in value.values():
            yield from properties_in(inner)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_example_and_default_is_a_value_of_its_key(kind: str) -> None:
    schema = schema_of_kind(kind, DOCUMENTS[kind])
    shown = 0
    for name, made in properties_in(schema):
        validator = Draft202012Validator({**made, "$defs": schema["$defs"]})
        values = [*made.get("examples", ()), *([made["default"]] if "default" in made else ())]
        shown += len(values)
        assert [value for value in values if not validator.is_valid(value)] == [], name
    assert shown > 0
