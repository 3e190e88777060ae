"""Keys of a shape: in order, and added to each other or to plain names."""

from __future__ import annotations

from deemster.policy.parsing import forms
from deemster.policy.parsing.shapes import Key, Keys, Shape

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
