"""Shapes: keys in order, added to each other or to plain names, each with a sentence."""

from __future__ import annotations

import pytest

from deemster.policy.parsing import forms
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policytools.walking import shapes_below

ID = Key(forms.Id(), "Names it.")
WHEN = Key(forms.Condition(), "When it applies.")


def test_keys_stay_in_the_order_in_which_they_were_added() -> None:
    assert list(Keys({"id": ID}) | Keys({"when": WHEN}) | {"attach"}) == ["id", "when", "attach"]
    assert list(frozenset({"id"}) | Keys({"when": WHEN})) == ["id", "when"]


def test_a_plain_set_of_names_is_a_shape_of_which_nothing_more_is_known() -> None:
    shape = Shape("a rule", frozenset({"id"}))
    assert shape.names == {"id"}
    assert shape.key("id") is None
    assert Shape("a rule", Keys({"id": ID}) | {"when"}).key("id") is ID


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_key_of_every_shape_says_what_it_is(kind: str) -> None:
    for shape in shapes_below(DOCUMENTS[kind]):
        assert shape.doc.endswith("."), shape.name
        for name in shape.names:
            key = shape.key(name)
            assert key is not None, f"{shape.name}: `{name}` says nothing"
            assert key.doc.endswith("."), f"{shape.name}: `{name}`"
        groups = {*shape.exactly_one, *shape.at_most_one, *shape.at_least_one}
        assert {name for group in groups for name in group} <= shape.names
        assert shape.required.keys() <= shape.names
