"""Syntax to text: the shortest that reads back."""

from __future__ import annotations

import pytest

from deemster.policy.expressions.printing import expression_text
from tests.support.conditions import parsed


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((a))", "a"),
        ("(a && b) || c", "a && b || c"),
        ("a && (b || c)", "a && (b || c)"),
        ("(a && b) && c", "(a && b) && c"),
        ("!(a == b)", "!(a == b)"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("a - -5", "a - -5"),
        ("-(5)", "-(5)"),
        ("-(5.size())", "-(5.size())"),
        ("(a ? b : c) ? d : (e ? f : g)", "(a ? b : c) ? d : e ? f : g"),
        ('request . headers [ "x-a" ]', "request.headers['x-a']"),
        ('"it\'s\\n"', "'it\\'s\\n'"),
        ("r'\\d'", "'\\\\d'"),
        ("'\\u0007\\u200b'", "'\\a\\u200b'"),
        ("a.exists(x,x>1)", "a.exists(x, x > 1)"),
        ("has ( claims.x )", "has(claims.x)"),
        ("[ 1,2 , ]", "[1, 2]"),
        ("-5 .size()", "(-5).size()"),
    ],
)
def test_an_expression_is_printed_without_needless_parentheses(text: str, printed: str) -> None:
    assert expression_text(parsed(text)) == printed
    assert parsed(printed) == parsed(text)
