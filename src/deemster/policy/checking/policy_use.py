"""The place where a policy is used: what its conditions see there, and how one came to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deemster.model.source import SourceSpan
from deemster.policy.checking.imports import DeclaringDocument
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, Note, Severity
from deemster.policy.expressions.scope import Scope

__all__ = ["Use"]


@dataclass(frozen=True, slots=True)
class Use:
    """Where a policy is used: the file whose names it sees, and how it came there.

    `params_known` is False where a Policy document is looked at by itself. `present` are names
    that an enclosing target has found present.
    """

    document: DeclaringDocument
    scope: Scope
    id_path: str
    chain: tuple[tuple[str, SourceSpan], ...] = ()
    """(file of the referenced policy, place of the `$ref`), outermost first."""
    level: int = 0
    params_known: bool = True
    present: frozenset[str] = frozenset()

    def error(
        self,
        code: Code,
        message: str,
        span: SourceSpan,
        *,
        help: str,
        notes: tuple[Note, ...] = (),
    ) -> Diagnostic:
        """An error with the chain of references."""
        return self.with_chain(Diagnostic(code, Severity.ERROR, message, span, help, notes))

    def with_chain(self, finding: Diagnostic) -> Diagnostic:
        """The finding, and by which references it came to be looked at."""
        steps = [
            Note(f"`{file}` is used", span, is_step=True) for file, span in reversed(self.chain)
        ]
        return replace(finding, notes=(*finding.notes, *steps)) if steps else finding
