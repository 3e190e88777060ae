"""A statement where it is attached: its declaration, and what its placeholders stand for there."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.statements.declared import StatementDeclaration

__all__ = ["ResolvedStatement"]


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedStatement:
    """`values` has one expression for each placeholder of the payload, in order."""

    declaration: StatementDeclaration
    values: tuple[CheckedExpr, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """Dotted names that making it reads."""
        return frozenset().union(*(value.reads for value in self.values))
