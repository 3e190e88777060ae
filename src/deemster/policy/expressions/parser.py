"""Expression text ► syntax: recursive descent with CEL's precedence.

Text may be hostile: length and depth are bounded here, and nothing but ExpressionSyntaxError
comes out. `conditions` joins the texts of a YAML condition.
"""

from __future__ import annotations

from collections.abc import Callable

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.expressions import ast
from deemster.policy.expressions.lexer import (
    KEYWORDS,
    RESERVED_WORDS,
    Token,
    TokenKind,
    tokens_of,
)
from deemster.policy.expressions.printing import expression_text
from deemster.policy.expressions.strings import content_offsets
from deemster.policy.expressions.syntax_error import ExpressionSyntaxError, left_out
from deemster.policy.expressions.types import INT_MAX

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "SpanOf", "parse_expression"]

MAX_LENGTH = 2048
"""UTF-8 octets of one expression."""
MAX_DEPTH = 32
"""Nodes, parentheses and signs of one expression that lie one in another."""

SpanOf = Callable[[int, int], SourceSpan]
"""The place of `text[start:end]`."""


def parse_expression(text: str, span_of: SpanOf) -> ast.Expr:
    """The syntax of a whole text. Raises ExpressionSyntaxError."""
    length = len(text.encode("utf-8", "surrogatepass"))
    if length > MAX_LENGTH:
        raise ExpressionSyntaxError(
            Code.EXPRESSION_TOO_LONG,
            f"the expression has {length} octets, at most {MAX_LENGTH} are read",
            0,
            len(text),
            "split it into named conditions",
        )
    parser = _Parser(text, tokens_of(text), span_of)
    expr = parser.whole()
    if ast.depth(expr) > MAX_DEPTH:
        raise _too_deep(0, len(text))
    return expr


def _too_deep(start: int, end: int) -> ExpressionSyntaxError:
    return ExpressionSyntaxError(
        Code.EXPRESSION_TOO_DEEP,
        f"the expression is nested more than {MAX_DEPTH} deep",
        start,
        end,
        "split it into named conditions",
    )


_COMPARISONS: dict[str, ast.ComparisonOperator] = {
    "==": "==",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_SUMS: dict[str, ast.ArithmeticOperator] = {"+": "+", "-": "-"}
_QUANTIFIERS: dict[str, ast.QuantifierKind] = {"exists": "exists", "all": "all"}
_WORDS = {
    "and": "write `&&`",
    "or": "write `||`",
    "not": "write `!`",
    "is": "write `==`",
    "eq": "write `==`",
    "ne": "write `!=`",
}


class _Parser:
    """One token ahead, and how deep we are."""

    def __init__(self, text: str, tokens: list[Token], span_of: SpanOf) -> None:
        self._text = text
        self._tokens = tokens
        self._position = 0
        self._level = 0
        self._span_of = span_of
        self._next = tokens[0]
        self._sign = self._sign_of(tokens[0])

    def whole(self) -> ast.Expr:
        expr = self._conditional()
        if self._next.kind is not TokenKind.END:
            raise self._unexpected("an operator or the end")
        return expr

    # --- tokens ---------------------------------------------------------------------------------

    def _take(self) -> Token:
        token = self._next
        if token.kind is not TokenKind.END:
            self._position += 1
            self._next = self._tokens[self._position]
            self._sign = self._sign_of(self._next)
        return token

    @staticmethod
    def _sign_of(token: Token) -> str:
        """The sign that a token is, "" if it is none: asked for at each level of precedence."""
        return token.value if token.kind is TokenKind.SIGN else ""

    def _at(self, value: str) -> bool:
        return self._sign == value

    def _at_word(self, word: str) -> bool:
        token = self._next
        return token.kind is TokenKind.NAME and token.value == word

    def _expect(self, value: str) -> Token:
        if not self._at(value):
            raise self._unexpected(f"`{value}`")
        return self._take()

    def _unexpected(self, expected: str) -> ExpressionSyntaxError:
        token = self._next
        found = f"`{token.value}`" if token.kind in _SHOWN else token.kind.value
        hint = _WORDS.get(token.value) if token.kind is TokenKind.NAME else None
        return ExpressionSyntaxError(
            Code.EXPRESSION_SYNTAX,
            f"expected {expected}, found {found}",
            token.start,
            token.end,
            hint,
        )

    def _span(self, start: int) -> SourceSpan:
        """From `start` to the last token taken."""
        return self._span_of(start, self._tokens[self._position - 1].end)

    def _deeper(self) -> None:
        # INVARIANT: every way from one operand into another passes here, so that a hostile text
        # cannot recurse beyond MAX_DEPTH. Left by `_level -= 1`, but for an error, which ends all.
        self._level += 1
        if self._level > MAX_DEPTH:
            token = self._next
            raise _too_deep(token.start, token.end)

    # --- precedence, loosest first --------------------------------------------------------------

    def _conditional(self) -> ast.Expr:
        self._deeper()
        start = self._next.start
        expr = self._disjunction()
        if self._at("?"):
            self._take()
            then = self._disjunction()
            self._expect(":")
            otherwise = self._conditional()
            expr = ast.Conditional(expr, then, otherwise, self._span(start))
        self._level -= 1
        return expr

    def _disjunction(self) -> ast.Expr:
        start = self._next.start
        operands = [self._conjunction()]
        while self._at("||"):
            self._take()
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else ast.Or(tuple(operands), self._span(start))

    def _conjunction(self) -> ast.Expr:
        start = self._next.start
        operands = [self._relation()]
        while self._at("&&"):
            self._take()
            operands.append(self._relation())
        return operands[0] if len(operands) == 1 else ast.And(tuple(operands), self._span(start))

    def _relation(self) -> ast.Expr:
        start = self._next.start
        left = self._sum()
        if not self._at_relation():
            return left
        operator = self._take().value
        right = self._sum()
        expr: ast.Expr = (
            ast.Membership(left, right, self._span(start))
            if operator == "in"
            else ast.Comparison(_COMPARISONS[operator], left, right, self._span(start))
        )
        if self._at_relation():
            raise self._chained(start, left, operator, right)
        return expr

    def _at_relation(self) -> bool:
        return self._sign in _COMPARISONS or self._at_word("in")

    def _chained(
        self, start: int, left: ast.Expr, operator: str, middle: ast.Expr
    ) -> ExpressionSyntaxError:
        # CEL reads `a < b < c` as `(a < b) < c`, which nobody means.
        token = self._next
        shared = expression_text(middle)
        return ExpressionSyntaxError(
            Code.EXPRESSION_SYNTAX,
            f"comparisons cannot be chained: `{operator}` is followed by `{token.value}`",
            start,
            token.end,
            f"write `{expression_text(left)} {operator} {shared} && {shared} {token.value} …`",
        )

    def _sum(self) -> ast.Expr:
        start = self._next.start
        left = self._unary()
        while self._sign in _SUMS:
            operator = _SUMS[self._take().value]
            left = ast.Arithmetic(operator, left, self._unary(), self._span(start))
        return left

    def _unary(self) -> ast.Expr:
        start = self._next.start
        if self._at("!"):
            self._take()
            self._deeper()
            operand = self._unary()
            self._level -= 1
            return ast.Not(operand, self._span(start))
        if self._at("-"):
            return self._negative()
        return self._postfix(self._primary(), start)

    def _negative(self) -> ast.Expr:
        start = self._take().start
        if self._next.kind is TokenKind.INT:
            # The sign belongs to the literal, or -9223372036854775808 could not be written.
            return self._postfix(self._integer(start, sign=-1), start)
        self._deeper()
        operand = self._unary()
        self._level -= 1
        return ast.Negate(operand, self._span(start))

    # --- operands -------------------------------------------------------------------------------

    def _postfix(self, expr: ast.Expr, start: int) -> ast.Expr:
        while True:
            if self._at("."):
                self._take()
                expr = self._member(expr, start)
            elif self._at("["):
                self._take()
                self._refuse_optional()
                index = self._conditional()
                self._expect("]")
                expr = ast.Index(expr, index, self._span(start))
            else:
                return expr

    def _member(self, operand: ast.Expr, start: int) -> ast.Expr:
        self._refuse_optional()
        if self._next.kind is not TokenKind.NAME or self._next.value in KEYWORDS:
            raise self._unexpected("a name")
        name = self._take()
        name_span = self._span_of(name.start, name.end)
        if not self._at("("):
            return ast.Member(operand, name.value, self._span(start), name_span)
        kind = _QUANTIFIERS.get(name.value)
        if kind is not None:
            return self._quantifier(operand, start, kind, name_span)
        arguments = self._arguments("(", ")")
        return ast.MethodCall(operand, name.value, arguments, self._span(start), name_span)

    def _refuse_optional(self) -> None:
        token = self._next
        if self._at("?"):
            raise left_out(
                "`?` before a name",
                token.start,
                token.end,
                "write `has(claims.x) && …`, or declare a `default`",
            )

    def _quantifier(
        self, collection: ast.Expr, start: int, kind: ast.QuantifierKind, name_span: SourceSpan
    ) -> ast.Expr:
        self._expect("(")
        variable = self._next
        if not _is_free_name(variable):
            raise self._unexpected("a name for the list's members")
        self._take()
        self._expect(",")
        predicate = self._conditional()
        if self._at(","):
            raise left_out(
                f"`{kind}` of two names",
                self._next.start,
                self._next.end,
                f"ask for the member alone: `list.{kind}(m, …)`",
            )
        self._expect(")")
        return ast.Quantifier(
            kind,
            collection,
            variable.value,
            predicate,
            self._span(start),
            name_span,
            self._span_of(variable.start, variable.end),
        )

    def _arguments(self, opening: str, closing: str) -> tuple[ast.Expr, ...]:
        self._expect(opening)
        items: list[ast.Expr] = []
        while not self._at(closing):
            items.append(self._conditional())
            if not self._at(","):
                break
            self._take()
        self._expect(closing)
        return tuple(items)

    def _primary(self) -> ast.Expr:
        token = self._next
        if token.kind is TokenKind.INT:
            return self._integer(token.start, sign=1)
        if token.kind is TokenKind.STRING:
            self._take()
            return ast.StringLiteral(token.value, self._span(token.start), self._part_of(token))
        if token.kind is TokenKind.NAME:
            return self._named()
        if self._at("("):
            self._take()
            inner = self._conditional()
            self._expect(")")
            return inner
        if self._at("["):
            items = self._arguments("[", "]")
            return ast.ListLiteral(items, self._span(token.start))
        if self._at("."):
            raise left_out(
                "a name that begins with `.`", token.start, token.end, "leave the first `.` out"
            )
        raise self._unexpected("a name, a value or `(`")

    def _part_of(self, string: Token) -> SpanOf:
        text, span_of, start = self._text, self._span_of, string.start

        def part(first: int, last: int) -> SourceSpan:
            # Asked for by messages alone: the literal is read again to find its characters.
            offsets = content_offsets(text, start)
            return span_of(offsets[first], offsets[last])

        return part

    def _integer(self, start: int, *, sign: int) -> ast.Expr:
        token = self._take()
        # Digits first: a number of thousands of digits is slow to make an int of.
        if len(token.value) > _MAX_DIGITS or int(token.value) > INT_MAX + (sign < 0):
            raise ExpressionSyntaxError(
                Code.BAD_LITERAL, "the number does not fit in 64 bits", start, token.end
            )
        return ast.IntLiteral(sign * int(token.value), self._span(start))

    def _named(self) -> ast.Expr:
        token = self._next
        if token.value in ("true", "false"):
            self._take()
            return ast.BoolLiteral(token.value == "true", self._span(token.start))
        if token.value == "null":
            self._take()
            return ast.NullLiteral(self._span(token.start))
        if token.value in RESERVED_WORDS:
            raise ExpressionSyntaxError(
                Code.EXPRESSION_SYNTAX,
                f"`{token.value}` is a reserved word",
                token.start,
                token.end,
            )
        if token.value == "in":
            raise self._unexpected("a name, a value or `(`")
        self._take()
        if self._at("("):
            return self._call(token)
        return ast.Name(token.value, self._span(token.start))

    def _call(self, name: Token) -> ast.Expr:
        name_span = self._span_of(name.start, name.end)
        arguments = self._arguments("(", ")")
        span = self._span(name.start)
        if name.value == "has" and len(arguments) == 1:
            return ast.Has(arguments[0], span)
        return ast.Call(name.value, arguments, span, name_span)


_SHOWN = (TokenKind.SIGN, TokenKind.NAME, TokenKind.INT)
_MAX_DIGITS = len(str(INT_MAX))


def _is_free_name(token: Token) -> bool:
    return token.kind is TokenKind.NAME and token.value not in KEYWORDS | RESERVED_WORDS
