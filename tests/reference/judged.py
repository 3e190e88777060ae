"""A node after evaluation, with the statements that are attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.reference.declared import Scope, Statement

__all__ = ["Attached", "Judged"]


@dataclass(frozen=True)
class Attached:
    """A statement, and the document whose names its payload uses."""

    statement: Statement
    scope: Scope


@dataclass(frozen=True)
class Judged:
    """One node after evaluation. `error` is the first one's reason, only if the outcome is I.

    `children` are those whose words count: not the ones behind first-applicable's choice.
    `unreached` is what those would have carried, where the choice was one in error.
    """

    path: str
    outcome: str
    error: str | None = None
    children: tuple[Judged, ...] = ()
    attached: tuple[Attached, ...] = ()
    unreached: tuple[Attached, ...] = ()

    def with_descendants(self) -> Iterator[Judged]:
        """Pre-order: a policy before its children, children in tree order."""
        yield self
        for child in self.children:
            yield from child.with_descendants()
