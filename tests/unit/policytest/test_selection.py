"""`-k`: words, phrases, `and`, `or`, `not`, parentheses and quotes."""

import pytest

from deemster.policytest.selection import SelectionError, parse_selection

NAME = "invoices who may list [expired(alice)]"


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        ("list", True),
        ("LIST", True),
        ("may list", True),
        ("list may", False),
        ("invoices", True),
        ("pay", False),
        ("pay or list", True),
        ("pay and list", False),
        ("not pay", True),
        ("not pay and list", True),
        ("not (pay or list)", False),
        ("(pay or list) and invoices", True),
        ("((list))", True),
        ("expired(alice)", True),
        ("'expired(alice)'", True),
        ("expired(bob) or tampered(alice)", False),
        ("'or'", False),
        ('"who may"', True),
        ("not not list", True),
    ],
)
def test_name_is_meant(selection: str, meant: bool) -> None:
    assert parse_selection(selection)(NAME) is meant


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ("", "a text is expected, found nothing"),
        ("a and", "a text is expected, found nothing"),
        ("or a", "a text is expected, found `or`"),
        ("(a", "a `(` is not closed"),
        ("a)", "`)` is not expected here"),
        ("a not b", "`not` is not expected here"),
        ("'a", "a quotation mark is not closed"),
        ("()", "a text is expected, found `)`"),
    ],
)
def test_what_cannot_be_read_is_told(selection: str, told: str) -> None:
    with pytest.raises(SelectionError) as caught:
        parse_selection(selection)
    assert str(caught.value) == told
