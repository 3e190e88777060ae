"""The syntax of conditions: what the author wrote, positioned, nothing resolved.

Expression text and the YAML lists `all`, `any` and `not` make the same nodes. `checker` resolves
them into `terms`. Two nodes are equal if they say the same, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from deemster.model.source import SourceSpan

__all__ = [
    "And",
    "Arithmetic",
    "ArithmeticOperator",
    "BoolLiteral",
    "Call",
    "Comparison",
    "ComparisonOperator",
    "Conditional",
    "Expr",
    "Has",
    "Index",
    "IntLiteral",
    "ListLiteral",
    "Member",
    "Membership",
    "MethodCall",
    "Name",
    "Negate",
    "Not",
    "NullLiteral",
    "Or",
    "Quantifier",
    "QuantifierKind",
    "StringLiteral",
    "children",
    "depth",
]

ComparisonOperator = Literal["==", "!=", "<", "<=", ">", ">="]
ArithmeticOperator = Literal["+", "-"]
QuantifierKind = Literal["exists", "all"]


@dataclass(frozen=True, slots=True)
class IntLiteral:
    """`5`, `-5`: 64 bits, signed."""

    value: int
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """`'text'`, with escapes resolved; `part` gives the place of `value[start:end]`."""

    value: str
    span: SourceSpan = field(compare=False)
    part: Callable[[int, int], SourceSpan] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BoolLiteral:
    """`true` or `false`."""

    value: bool
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class NullLiteral:
    """`null`: parsed so that the checker can say what to write instead."""

    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """`claims`, `office_hours`."""

    identifier: str
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """`operand.name`; `name_span` is the name alone."""

    operand: Expr
    name: str
    span: SourceSpan = field(compare=False)
    name_span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[index]`."""

    operand: Expr
    index: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`!operand`, or `not: …` in YAML."""

    operand: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Negate:
    """`-operand`."""

    operand: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """`a && b && c`, or `all: [a, b, c]`; at least one operand."""

    operands: tuple[Expr, ...]
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """`a || b || c`, or `any: [a, b, c]`; at least one operand."""

    operands: tuple[Expr, ...]
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left == right` and its five siblings."""

    operator: ComparisonOperator
    left: Expr
    right: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """`element in collection`."""

    element: Expr
    collection: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right`, `left - right`."""

    operator: ArithmeticOperator
    left: Expr
    right: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, b]`."""

    items: tuple[Expr, ...]
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`; `name_span` is the function's name."""

    function: str
    arguments: tuple[Expr, ...]
    span: SourceSpan = field(compare=False)
    name_span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class MethodCall:
    """`operand.method(arguments)`; `name_span` is the method's name."""

    operand: Expr
    method: str
    arguments: tuple[Expr, ...]
    span: SourceSpan = field(compare=False)
    name_span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """`has(operand)`."""

    operand: Expr
    span: SourceSpan = field(compare=False)


@dataclass(frozen=True, slots=True)
class Quantifier:
    """`collection.exists(variable, predicate)`, `collection.all(variable, predicate)`."""

    kind: QuantifierKind
    collection: Expr
    variable: str
    predicate: Expr
    span: SourceSpan = field(compare=False)
    name_span: SourceSpan = field(compare=False)
    variable_span: SourceSpan = field(compare=False)


Expr = (
    IntLiteral
    | StringLiteral
    | BoolLiteral
    | NullLiteral
    | Name
    | Member
    | Index
    | Not
    | Negate
    | And
    | Or
    | Comparison
    | Membership
    | Arithmetic
    | Conditional
    | ListLiteral
    | Call
    | MethodCall
    | Has
    | Quantifier
)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The operands of a node in source order; `()` for a leaf."""
    parts = _PARTS.get(type(expr))
    return parts(expr) if parts is not None else ()


def depth(expr: Expr) -> int:
    """How many nodes lie one in another, the node itself counted. Does not recurse."""
    deepest, level = 0, [expr]
    while level:
        deepest += 1
        level = [child for node in level for child in children(node)]
    return deepest


# A table and not a chain of tests: every node of every condition passes here.
_PARTS: dict[type, Callable[..., tuple[Expr, ...]]] = {
    Member: lambda node: (node.operand,),
    Index: lambda node: (node.operand, node.index),
    Not: lambda node: (node.operand,),
    Negate: lambda node: (node.operand,),
    And: lambda node: node.operands,
    Or: lambda node: node.operands,
    Comparison: lambda node: (node.left, node.right),
    Membership: lambda node: (node.element, node.collection),
    Arithmetic: lambda node: (node.left, node.right),
    Conditional: lambda node: (node.condition, node.then, node.otherwise),
    ListLiteral: lambda node: node.items,
    Call: lambda node: node.arguments,
    MethodCall: lambda node: (node.operand, *node.arguments),
    Has: lambda node: (node.operand,),
    Quantifier: lambda node: (node.collection, node.predicate),
}
