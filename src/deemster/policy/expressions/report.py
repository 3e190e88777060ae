"""Where the checker's findings go: each with the chain of named conditions that led to it."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note

__all__ = ["Report"]


class Report:
    """`uses` are the named conditions we are in, outermost first: name, and place of the use."""

    def __init__(self, sink: DiagnosticSink) -> None:
        self._sink = sink
        self.uses: list[tuple[str, SourceSpan]] = []
        self.parameter_mentions = 0
        """How often `params` was named: what names none is checked once for all operations."""

    def error(
        self,
        code: Code,
        message: str,
        span: SourceSpan,
        *,
        help: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Take an error."""
        self._sink.error(code, message, span, help=help, notes=notes + self._chain())

    def warning(
        self, code: Code, message: str, span: SourceSpan, *, help: str, notes: tuple[Note, ...]
    ) -> None:
        """Take a warning."""
        self._sink.warning(code, message, span, help=help, notes=notes + self._chain())

    def _chain(self) -> tuple[Note, ...]:
        return tuple(
            Note(f"in `{name}`, used from …", span, is_step=True)
            for name, span in reversed(self.uses)
        )
