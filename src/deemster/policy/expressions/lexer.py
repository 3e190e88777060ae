"""Expression text ► tokens: CEL's lexical rules, less what the language leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from deemster.policy.codes import Code
from deemster.policy.expressions.strings import read_string
from deemster.policy.expressions.syntax_error import ExpressionSyntaxError, left_out

__all__ = ["KEYWORDS", "RESERVED_WORDS", "Token", "TokenKind", "tokens_of"]

KEYWORDS = frozenset({"true", "false", "null", "in"})
# CEL keeps these for later; a name that is legal here must be legal there.
RESERVED_WORDS = frozenset(
    {
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    }
)


class TokenKind(Enum):
    """What a token is."""

    NAME = "a name"
    INT = "a number"
    STRING = "a string"
    SIGN = "a sign"
    END = "the end of the expression"


class Token(NamedTuple):
    """`text[start:end]`. `value` is its text; of a string the content, escapes resolved."""

    kind: TokenKind
    value: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """All tokens, END last. Raises ExpressionSyntaxError at the first character that fits none."""
    tokens: list[Token] = []
    position = 0
    length = len(text)
    while position < length:
        found = _TOKEN.match(text, position)
        if found is None:
            raise _unknown_character(text, position)
        kind = found.lastgroup
        if kind == "space":
            position = found.end()
            continue
        token = _READERS[kind or ""](text, position, found)
        tokens.append(token)
        position = token.end
    tokens.append(Token(TokenKind.END, "", length, length))
    return tokens


_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<string>(?P<prefix>[A-Za-z]{0,2})['\"])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9][0-9A-Za-z_]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[-!<>+?:.,()\[\]])"
)
_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_FRACTION = re.compile(r"\.[0-9][0-9A-Za-z_]*")


def _string(text: str, start: int, found: re.Match[str]) -> Token:
    value, end = read_string(text, start, found["prefix"], found.end() - 1)
    return Token(TokenKind.STRING, value, start, end)


_READERS: dict[str, Callable[[str, int, re.Match[str]], Token]] = {
    "string": _string,
    "name": lambda _, start, found: Token(TokenKind.NAME, found[0], start, found.end()),
    "number": lambda text, start, found: _number(text, start, found.end()),
    "sign": lambda _, start, found: Token(TokenKind.SIGN, found[0], start, found.end()),
}


def _number(text: str, start: int, end: int) -> Token:
    fraction = _FRACTION.match(text, end)
    if fraction is not None:
        end = fraction.end()
    written = text[start:end]
    if _DECIMAL.fullmatch(written):
        return Token(TokenKind.INT, written, start, end)
    raise _number_problem(written, start, end)


def _number_problem(written: str, start: int, end: int) -> ExpressionSyntaxError:
    for form, problem in _OTHER_NUMBERS:
        if form.fullmatch(written):
            message, help_text = problem(written)
            return left_out(message, start, end, help_text)
    return ExpressionSyntaxError(
        Code.BAD_LITERAL,
        f"`{written}` is not a whole number",
        start,
        end,
        f"write it without leading zeros: `{int(written)}`"
        if re.fullmatch(r"[0-9]+", written)
        else "a name cannot start with a digit",
    )


_OTHER_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], tuple[str, str]]], ...] = (
    (
        re.compile(r"0[xX][0-9A-Fa-f]+[uU]?"),
        lambda written: (
            f"`{written}`, a number in hexadecimal,",
            f"write it in decimal: `{int(written.rstrip('uU'), 16)}`",
        ),
    ),
    (
        re.compile(r"[0-9]+[uU]"),
        lambda written: (
            f"`{written}`, a number without sign,",
            f"write an `int`: `{int(written[:-1])}`",
        ),
    ),
    (
        re.compile(r"[0-9]+(\.[0-9]+([eE][0-9]*)?|[eE][0-9]*)"),
        lambda written: (
            f"`{written}`, a number with a fraction or an exponent,",
            "count in a smaller unit, such as cents or milliseconds",
        ),
    ),
)


_HINTS = {
    "&": "write `&&`",
    "|": "write `||`",
    "=": "write `==` to compare",
    "#": "an expression has no comments: write them in the YAML around it",
    "$": "names are written without `$`",
    "@": "write text in single quotes: 'text'",
    ";": "an expression is one condition: join two by `&&` or `||`",
    "~": "`matches` compares with a pattern",
    "^": "write `!=` or `!` for a negation",
    "\\": "a backslash belongs inside a string",
    **dict.fromkeys("\u2018\u2019\u201c\u201d", "write straight quotes: 'text'"),
}


_LEFT_OUT = {
    "//": ("a comment in an expression", "write it in the YAML around the expression"),
    "*": ("`*`", "compare with a constant that is already multiplied"),
    "/": ("`/`", "compare with a constant that is already divided"),
    "%": ("`%`", "list the values: `x in [0, 2, 4]`"),
    "{": ("a map", "declare constants, or compare one by one: `x == 'a' || x == 'b'`"),
    "}": ("a map", "declare constants, or compare one by one: `x == 'a' || x == 'b'`"),
    "`": ("a name in backquotes", "write `claims['a-b']`, or text in single quotes: 'text'"),
}
_MESSAGE = re.compile(r"[A-Za-z0-9_]\s*\{")


def _unknown_character(text: str, start: int) -> ExpressionSyntaxError:
    if _MESSAGE.match(text, start - 1) if start else None:
        return left_out("a message", start, start + 1, "compare its members one by one")
    for sign, (what, help_text) in _LEFT_OUT.items():
        if text.startswith(sign, start):
            return left_out(what, start, start + len(sign), help_text)
    character = text[start]
    shown = f"`{character}`" if character.isprintable() else f"character U+{ord(character):04X}"
    return ExpressionSyntaxError(
        Code.EXPRESSION_SYNTAX, f"unexpected {shown}", start, start + 1, _HINTS.get(character)
    )
