"""Text to syntax: precedence, places, and bounds."""

from __future__ import annotations

import pytest

from deemster.policy.codes import Code
from deemster.policy.expressions import ast
from deemster.policy.expressions.parser import MAX_DEPTH, MAX_LENGTH
from tests.support.conditions import findings_of, marked, parsed


def shape(node: ast.Expr) -> str:
    """Every operand in brackets: what binds to what."""
    if isinstance(node, ast.Name):
        return node.identifier
    if isinstance(node, ast.IntLiteral):
        return str(node.value)
    label = {
        ast.And: "&&",
        ast.Or: "||",
        ast.Not: "!",
        ast.Negate: "neg",
        ast.Membership: "in",
        ast.Conditional: "?",
        ast.ListLiteral: "list",
        ast.Index: "index",
        ast.Has: "has",
    }.get(type(node), "")
    if isinstance(node, ast.Comparison | ast.Arithmetic):
        label = node.operator
    if isinstance(node, ast.Member):
        label = f".{node.name}"
    if isinstance(node, ast.MethodCall):
        label = f".{node.method}()"
    if isinstance(node, ast.Call):
        label = f"{node.function}()"
    if isinstance(node, ast.Quantifier):
        label = f".{node.kind}({node.variable})"
    assert label, type(node)
    return "(" + " ".join([label, *map(shape, ast.children(node))]) + ")"


SHAPES = [
    ("a ? b : c ? d : e", "(? a b (? c d e))"),
    ("a || b ? c : d", "(? (|| a b) c d)"),
    ("a || b && c", "(|| a (&& b c))"),
    ("a && b || c && d", "(|| (&& a b) (&& c d))"),
    ("a && b && c", "(&& a b c)"),
    ("(a && b) && c", "(&& (&& a b) c)"),
    ("a == b && c", "(&& (== a b) c)"),
    ("a + b < c - d", "(< (+ a b) (- c d))"),
    ("a - b - c", "(- (- a b) c)"),
    ("a in b || c", "(|| (in a b) c)"),
    ("a + b in c", "(in (+ a b) c)"),
    ("!a == b", "(== (! a) b)"),
    ("!(a == b)", "(! (== a b))"),
    ("!!a", "(! (! a))"),
    ("-a + b", "(+ (neg a) b)"),
    ("-5", "-5"),
    ("- 5", "-5"),
    ("-(5)", "(neg 5)"),
    ("a - -5", "(- a -5)"),
    ("a -5", "(- a 5)"),
    ("-a.b", "(neg (.b a))"),
    ("!a.b(c)", "(! (.b() a c))"),
    ("a.b.c(d, e,).f", "(.f (.c() (.b a) d e))"),
    ("a[b].c", "(.c (index a b))"),
    ("[a, b,]", "(list a b)"),
    ("[]", "(list)"),
    ("f(a)", "(f() a)"),
    ("has(a.b)", "(has (.b a))"),
    ("has(a, b)", "(has() a b)"),
    ("a.exists(m, m == b)", "(.exists(m) a (== m b))"),
    ("a.all(m, m)", "(.all(m) a m)"),
    ("a\n  &&\tb", "(&& a b)"),
    ("android && inner && nothing && trueish", "(&& android inner nothing trueish)"),
]


@pytest.mark.parametrize(("text", "expected"), SHAPES, ids=[text for text, _ in SHAPES])
def test_operators_bind_as_in_cel(text: str, expected: str) -> None:
    assert shape(parsed(text)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", "a"),
        ('"a"', "a"),
        ("'it\\'s'", "it's"),
        ('"it\'s"', "it's"),
        ("'\\\\ \\? \\\" \\' \\`'", "\\ ? \" ' `"),
        ("'\\a\\b\\f\\n\\r\\t\\v'", "\a\b\f\n\r\t\v"),
        ("'\\x41\\X42\\u00e9\\U0001F600\\101'", "ABé\U0001f600A"),
        ("r'\\d+'", "\\d+"),
        ('R"\\n"', "\\n"),
        ("''", ""),
        ("'é ☃'", "é ☃"),
    ],
)
def test_a_string_has_its_escapes_resolved(text: str, value: str) -> None:
    assert parsed(text) == ast.StringLiteral(value, parsed(text).span)


@pytest.mark.parametrize(
    "text",
    ["'\\x4'", "'\\u12'", "'\\400'", "'\\8'", "'\\U00110000'", "'\\udfff'", "'a\\", "'a\nb'"],
)
def test_a_malformed_string_is_an_error(text: str) -> None:
    assert [item.code for item in findings_of(text).items] == [Code.BAD_LITERAL]


def test_the_smallest_and_the_largest_number_can_be_written() -> None:
    assert [parsed(t) for t in ("-9223372036854775808", "9223372036854775807")] == [
        ast.IntLiteral(-(2**63), parsed("1").span),
        ast.IntLiteral(2**63 - 1, parsed("1").span),
    ]


@pytest.mark.parametrize(
    "text",
    ["9223372036854775808", "-9223372036854775809", "9" * 2000],
    ids=["one above", "one below", "thousands of digits"],
)
def test_a_number_beyond_64_bits_is_an_error(text: str) -> None:
    assert [item.message for item in findings_of(text).items] == [
        "the number does not fit in 64 bits"
    ]


def test_every_node_knows_its_place() -> None:
    text = "claims.sub.startsWith('a') && !(user.level + 1 in [2])"
    found = parsed(text)
    assert isinstance(found, ast.And)
    places = {marked(text, node.span) for node in nodes_of(found)}
    assert places == {
        text,
        "claims.sub.startsWith('a')",
        "claims.sub",
        "claims",
        "'a'",
        "!(user.level + 1 in [2])",
        "user.level + 1 in [2]",
        "user.level + 1",
        "user.level",
        "user",
        "1",
        "[2]",
        "2",
    }


def nodes_of(node: ast.Expr) -> list[ast.Expr]:
    return [node, *(below for child in ast.children(node) for below in nodes_of(child))]


class TestBounds:
    @pytest.mark.parametrize(
        "text",
        [
            "(" * 900 + "true" + ")" * 900,
            "!" * 1900 + "true",
            "-" * 1900 + "a",
            "[" * 900 + "]" * 900,
            "a(" * 600 + ")" * 600,
            "a[" * 600 + "]" * 600,
            "a ? b : " * 250 + "c",
            "a" + ".b" * 900,
            "1" + " + 1" * 400,
            "a.exists(x, " * 150,
            "has(" * 450,
        ],
        ids=lambda text: text[:12],
    )
    def test_a_deep_text_is_refused_before_anything_recurses(self, text: str) -> None:
        assert len(text) <= MAX_LENGTH
        assert [item.code for item in findings_of(text).items] == [Code.EXPRESSION_TOO_DEEP]

    def test_a_long_chain_of_operands_is_not_deep(self) -> None:
        text = " && ".join(["claims.admin"] * 120)
        assert ast.depth(parsed(text)) == 3

    def test_the_bounds_themselves_are_admitted(self) -> None:
        assert ast.depth(parsed("!" * (MAX_DEPTH - 1) + "a")) == MAX_DEPTH
        padding = " " * (MAX_LENGTH - len("claims.admin"))
        assert findings_of("claims.admin" + padding).items == ()

    def test_one_octet_more_is_refused(self) -> None:
        found = findings_of("claims.admin" + " " * (MAX_LENGTH - len("claims.admin") + 1))
        assert [item.code for item in found.items] == [Code.EXPRESSION_TOO_LONG]

    def test_length_is_counted_in_octets(self) -> None:
        found = findings_of("claims.sub == '" + "é" * 1020 + "'")
        assert [item.code for item in found.items] == [Code.EXPRESSION_TOO_LONG]
