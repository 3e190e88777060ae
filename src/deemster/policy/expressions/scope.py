"""What a condition may name, and where each name is declared: the seam to the tree's checker.

A named condition is checked with the names of the file that defines it (`lexical`), but with the
claims, the user and the path parameters of the place that uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.attribute_tree import AttributeDeclaration
from deemster.policy.expressions import ast
from deemster.policy.expressions.attribute_terms import CheckedAttribute
from deemster.policy.expressions.types import Type

if TYPE_CHECKING:
    from deemster.policy.expressions.checked import CheckedExpr

__all__ = [
    "RESERVED_NAMES",
    "Asked",
    "AttributeDefinition",
    "ConditionDefinition",
    "LexicalScope",
    "Scope",
]

RESERVED_NAMES = frozenset(
    {
        "action",
        "attr",
        "claims",
        "context",
        "params",
        "request",
        "resource",
        "response",
        "subject",
        "time",
        "user",
    }
)
"""Built-in names; no import alias, constant or condition may be called so."""


@dataclass(frozen=True, slots=True, eq=False)
class ConditionDefinition:
    """A condition that others use by name.

    `expr` is None where its text did not parse: that was reported, and a use adds no further
    error. `span` is the name at its declaration.
    """

    name: str
    expr: ast.Expr | None
    lexical: LexicalScope
    span: SourceSpan


@dataclass(frozen=True, slots=True, eq=False)
class AttributeDefinition:
    """An attribute that conditions, statements and other attributes use by name.

    `id` is `file#name`. `usable` is False where a circle was reported: a use adds no further
    error.
    """

    id: str
    declaration: AttributeDeclaration
    lexical: LexicalScope
    usable: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class LexicalScope:
    """The constants, conditions and attributes that one file can name.

    Those of its imports are called `alias.name`; of its own attributes, which are read as
    `attr.name`, the name alone stands here. Conditions of one file may use each other: make the
    scope with an empty dict of conditions, then fill that dict with definitions that refer to the
    scope.
    """

    constants: Mapping[str, tree.Constant]
    conditions: Mapping[str, ConditionDefinition]
    attributes: Mapping[str, AttributeDefinition] = field(default_factory=dict)
    _first_names: list[frozenset[str]] = field(default_factory=list, repr=False)

    @property
    def first_names(self) -> frozenset[str]:
        """Own names, and the aliases of imports: what a dotted name may begin with.

        Made when it is first asked for: by then everything is filled.
        """
        if not self._first_names:
            imported = [name for name in self.attributes if "." in name]
            names = (*self.constants, *self.conditions, *imported)
            self._first_names.append(frozenset(name.partition(".")[0] for name in names))
        return self._first_names[0]


class Asked(Enum):
    """What a condition is asked about: an HTTP call, or a question of AuthZEN."""

    CALL = "an HTTP call"
    QUESTION = "a question of AuthZEN"


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """All names at one place of the tree.

    `claims` and `user` are the declared ones, without the registered and built-in ones, which
    are always there and win. `user` is None where the token provider is external: naming it is
    an error. `params` are the path parameters of the operation (`string`, or `int`). `access` are
    the declared properties of AuthZEN questions.

    `asked` says what the place is asked about, and an operation that shows it: what only the
    other kind has cannot be named there. Empty where only the places of use know. An operation
    that answers questions has no `claims` (`has_claims`); guards may read them all the same.
    """

    lexical: LexicalScope
    claims: Mapping[str, tree.Declaration]
    user: Mapping[str, tree.Declaration] | None
    params: Mapping[str, Type] = field(default_factory=dict)
    access: Mapping[tree.DeclarationScope, Mapping[str, tree.Declaration]] = field(
        default_factory=dict
    )
    asked: Mapping[Asked, tree.Text] = field(default_factory=dict)
    has_claims: bool = True
    in_response: bool = False
    """Whether the upstream's answer is at hand: `response` may be named."""
    checked: dict[ConditionDefinition, CheckedExpr | None] = field(default_factory=dict, repr=False)
    """For the checker: named conditions that name no parameter, None for those in error."""
    attributes: dict[AttributeDefinition, CheckedAttribute | None] = field(
        default_factory=dict, repr=False
    )
    """The same for attributes."""
    attributes_here: dict[AttributeDefinition, CheckedAttribute | None] = field(
        default_factory=dict, repr=False
    )
    """For the checker: attributes that name a parameter, which every operation has anew."""

    def with_params(self, params: Mapping[str, Type]) -> Scope:
        """The scope of one operation. Named conditions are checked once for all operations."""
        return replace(self, params=params, attributes_here={})

    def asked_about(self, asked: Mapping[Asked, tree.Text], *, has_claims: bool = True) -> Scope:
        """The same names where something else is asked: all that they stand for is checked anew."""
        return replace(
            self,
            asked=asked,
            has_claims=has_claims,
            checked={},
            attributes={},
            attributes_here={},
        )

    def at(self, operation: tree.Text) -> Scope:
        """The scope of one operation of several that are asked alike."""
        return replace(self, asked=dict.fromkeys(self.asked, operation))

    def over_response(self) -> Scope:
        """The same place in a policy over the upstream's answer."""
        return replace(self, in_response=True, checked={})

    def with_lexical(self, lexical: LexicalScope) -> Scope:
        """The same place seen from another file: the body of a condition, a `$ref` document."""
        return replace(self, lexical=lexical)
