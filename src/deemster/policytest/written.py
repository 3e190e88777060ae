"""Terms of conditions as their author wrote them."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.source import SourceSpan
from deemster.policy.expressions import terms
from deemster.policy.expressions.terms import Term

__all__ = ["WrittenTerms"]

_LISTS = ("all of", "any of")


class WrittenTerms:
    """Knows the texts of a tree's files, by path as shown."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._lines = {file: text.splitlines() for file, text in sources.items()}

    def text_of(self, term: Term) -> str:
        """The text; `all of`, `any of`, `not` for the YAML lists; the name of a named condition."""
        if isinstance(term, terms.ConditionTerm):
            return term.name
        text = self._written(term.span)
        if isinstance(term, terms.Conjunction | terms.Disjunction):
            conjunction = isinstance(term, terms.Conjunction)
            sign, words = ("&&" if conjunction else "||"), _LISTS[not conjunction]
            between = self._between(term.operands[0].span, term.operands[-1].span)
            return text if text is not None and sign in between else words
        if isinstance(term, terms.Negation) and (text is None or not text.startswith("!")):
            inner = self.text_of(term.operand)
            return "not" if inner in _LISTS else f"not {inner}"
        return text if text is not None else "condition"

    def _written(self, span: SourceSpan) -> str | None:
        """The text at a span of one line; None where it has more."""
        lines = self._lines.get(span.file, [])
        if span.line != span.end_line or span.line > len(lines):
            return None
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]

    def _between(self, first: SourceSpan, last: SourceSpan) -> str:
        """What stands between two spans, on one line."""
        if first is last or first.end_line != last.line:
            return ""
        lines = self._lines.get(first.file, [])
        return lines[last.line - 1][first.end_column - 1 : last.column - 1]
