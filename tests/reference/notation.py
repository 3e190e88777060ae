"""An expression of `shape` as CEL text, with no more parentheses than its grammar asks for."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.reference.shape import Expression

__all__ = ["expression_text", "is_bare_name"]

CHOICE, OR, AND, RELATION, SUM, UNARY, MEMBER = range(7)


def expression_text(expression: Expression, rng: Random, needed: int = CHOICE) -> str:
    """CEL for `expression` where the grammar expects at least the binding strength `needed`."""
    strength, text = FORMS[expression[0]](rng, *expression[1:])
    if strength < needed or rng.random() < 0.05:
        return f"({text})"
    return text


def literal(rng: Random, value: object) -> tuple[int, str]:
    if isinstance(value, bool):
        return MEMBER, "true" if value else "false"
    if isinstance(value, int):
        return (MEMBER if value >= 0 else UNARY), str(value)
    assert isinstance(value, str)
    if "'" in value and '"' not in value and "\\" not in value and rng.random() < 0.5:
        return MEMBER, f'"{value}"'
    return MEMBER, "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def binary(sign: str, strength: int) -> Callable[..., tuple[int, str]]:
    """A left-associative operator: its right operand must bind more strongly."""

    def form(rng: Random, left: Expression, right: Expression) -> tuple[int, str]:
        a = expression_text(left, rng, strength)
        b = expression_text(right, rng, strength + 1)
        return strength, f"{a} {sign} {b}"

    return form


def junction(sign: str, strength: int) -> Callable[..., tuple[int, str]]:
    def form(rng: Random, *items: Expression) -> tuple[int, str]:
        first, *others = items
        parts = [expression_text(first, rng, strength)]
        parts += [expression_text(item, rng, strength + 1) for item in others]
        return strength, f" {sign} ".join(parts)

    return form


def comparison(rng: Random, sign: str, a: Expression, b: Expression) -> tuple[int, str]:
    return RELATION, (f"{expression_text(a, rng, SUM)} {sign} {expression_text(b, rng, SUM)}")


def membership(rng: Random, item: Expression, items: Expression) -> tuple[int, str]:
    return RELATION, f"{expression_text(item, rng, SUM)} in {expression_text(items, rng, SUM)}"


def method(name: str) -> Callable[..., tuple[int, str]]:
    def form(rng: Random, target: Expression, *arguments: Expression) -> tuple[int, str]:
        inside = ", ".join(expression_text(argument, rng) for argument in arguments)
        return MEMBER, f"{expression_text(target, rng, MEMBER)}.{name}({inside})"

    return form


def with_text(name: str) -> Callable[..., tuple[int, str]]:
    """A method whose last argument is bare text, not an expression."""

    def form(rng: Random, target: Expression, text: str) -> tuple[int, str]:
        return MEMBER, f"{expression_text(target, rng, MEMBER)}.{name}('{text}')"

    return form


def quantified(kind: str) -> Callable[..., tuple[int, str]]:
    def form(
        rng: Random, variable: str, items: Expression, question: Expression
    ) -> tuple[int, str]:
        return MEMBER, (
            f"{expression_text(items, rng, MEMBER)}.{kind}"
            f"({variable}, {expression_text(question, rng)})"
        )

    return form


def size(rng: Random, counted: Expression) -> tuple[int, str]:
    if rng.random() < 0.5:
        return MEMBER, f"{expression_text(counted, rng, MEMBER)}.size()"
    return MEMBER, f"size({expression_text(counted, rng)})"


def choice(rng: Random, asked: Expression, yes: Expression, no: Expression) -> tuple[int, str]:
    return CHOICE, (
        f"{expression_text(asked, rng, OR)} ? {expression_text(yes, rng, OR)} : "
        f"{expression_text(no, rng, CHOICE)}"
    )


def negation(rng: Random, item: Expression) -> tuple[int, str]:
    return UNARY, "!" + expression_text(item, rng, UNARY)


def name_of(kind: str) -> Callable[..., tuple[int, str]]:
    return lambda _rng, name: (MEMBER, f"{kind}.{name}")


def owned(_rng: Random, alias: str | None, name: str) -> tuple[int, str]:
    return MEMBER, name if alias is None else f"{alias}.{name}"


def attribute(_rng: Random, alias: str | None, name: str) -> tuple[int, str]:
    return MEMBER, f"{alias or 'attr'}.{name}"


def said(part: str, name: str) -> str:
    """A property of a question as conditions write it."""
    return f"context.{name}" if part == "context" else f"{part}.properties.{name}"


FORMS: dict[str, Callable[..., tuple[int, str]]] = {
    "literal": literal,
    "list": lambda rng, *items: (
        MEMBER,
        "[" + ", ".join(expression_text(item, rng) for item in items) + "]",
    ),
    "constant": owned,
    "condition": owned,
    "claim": name_of("claims"),
    "user": name_of("user"),
    "param": name_of("params"),
    "attr": attribute,
    "has-attr": lambda rng, alias, name: (MEMBER, f"has({attribute(rng, alias, name)[1]})"),
    "response": name_of("response"),
    "response-header": lambda _rng, name: (MEMBER, f"response.headers['{name}']"),
    "request": name_of("request"),
    "header": lambda _rng, name: (MEMBER, f"request.headers['{name}']"),
    "query": lambda _rng, name: (MEMBER, f"request.query['{name}']"),
    "has-claim": lambda _rng, name: (MEMBER, f"has(claims.{name})"),
    "has-user-value": lambda _rng, name: (MEMBER, f"has(user.{name})"),
    "asked": lambda _rng, name: (MEMBER, name),
    "access": lambda _rng, part, name: (MEMBER, said(part, name)),
    "has-access": lambda _rng, part, name: (MEMBER, f"has({said(part, name)})"),
    "has-user": lambda _rng: (MEMBER, "has(user)"),
    "not": negation,
    "and": junction("&&", AND),
    "or": junction("||", OR),
    "if": choice,
    "cmp": comparison,
    "in": membership,
    "+": binary("+", SUM),
    "-": binary("-", SUM),
    "instant+": binary("+", SUM),
    "instant-": binary("-", SUM),
    "startsWith": method("startsWith"),
    "endsWith": method("endsWith"),
    "contains": method("contains"),
    "matches": method("matches"),
    "exists": quantified("exists"),
    "all": quantified("all"),
    "member": lambda _rng, name: (MEMBER, name),
    "size": size,
    "lower": method("lower"),
    "inCidr": with_text("inCidr"),
    "inAny": method("inAny"),
    "local": lambda _rng, zone, part: (MEMBER, f"time.local('{zone}').{part}"),
    "timestamp": lambda _rng, text: (MEMBER, f"timestamp('{text}')"),
    "duration": lambda _rng, text: (MEMBER, f"duration('{text}')"),
}


def is_bare_name(expression: Expression) -> bool:
    """Whether YAML may carry the expression as a plain scalar."""
    return bool(expression[0] == "condition")
