"""What the condition of a visited node saw, part by part, with the text that the author wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deemster.errors import EvaluationError
from deemster.model.decision import Reason
from deemster.model.source import SourceSpan
from deemster.policy.expressions import terms
from deemster.policy.expressions.explaining import ConditionExplainer, PartOutcome
from deemster.policy.expressions.inputs import reads_of, shown_reader
from deemster.policy.expressions.parts import parts
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import TIMESTAMP
from deemster.policy.values import NeedsValues, TraceEntry, Values
from deemster.policytest.written import WrittenTerms

__all__ = ["NOT_EVALUATED", "ConditionPart", "Explanations", "SeenValue", "shortened"]

NOT_EVALUATED = "not evaluated"
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A name in a text, `offset` characters from its start, and the value it had."""

    name: str
    offset: int
    told: str


@dataclass(frozen=True, slots=True)
class ConditionPart:
    """One part of a condition; `parts` are those it is made of, in source order.

    `outcome` is `true`, `false`, `error` or `not evaluated`; `error` says which error. `text` is
    as written, or `all of`, `any of`, `not` for the YAML lists. `span` is where it stands, for a
    named condition where that is defined.
    """

    outcome: str
    text: str
    span: SourceSpan
    values: tuple[SeenValue, ...] = ()
    parts: tuple[ConditionPart, ...] = ()
    error: str = ""
    error_at: SourceSpan | None = None


class Explanations:
    """Explains visited nodes of one tree. `sources` are the texts of its files, as shown.

    `revealed` shows values of headers and query parameters: those of a test are its author's own.
    """

    def __init__(self, sources: Mapping[str, str], *, revealed: bool = False) -> None:
        self._written = WrittenTerms(sources)
        self._revealed = revealed
        self._explainer = ConditionExplainer()

    def of(self, entry: TraceEntry) -> ConditionPart | None:
        """What its condition came to; None for a node that asked none."""
        if entry.condition is None:
            return None
        outcomes = dict[int, PartOutcome]()
        for term, ended in self._explainer.explain(entry.condition, entry.values):
            outcomes[id(term)] = ended
        return self._part(entry.condition.term, outcomes, entry.values)

    def _part(
        self, term: Term, outcomes: Mapping[int, PartOutcome], values: Values
    ) -> ConditionPart:
        ended = outcomes.get(id(term))
        inner = parts(term)
        seen: tuple[SeenValue, ...] = ()
        span = term.span
        if isinstance(term, terms.ConditionTerm):
            # The name stands for its meaning: where that is in parts, they are the name's own.
            span = term.body.term.span
            inner = parts(term.body.term) or inner
        elif isinstance(term, terms.Negation) and not parts(term.operand):
            inner = ()
        if not inner and id(term) in outcomes:
            seen = tuple(self._seen(term, values))
        return ConditionPart(
            outcome=_word(ended),
            text=self._written.text_of(term),
            span=span,
            values=seen,
            parts=tuple(self._part(part, outcomes, values) for part in inner),
            error=ended.message if isinstance(ended, EvaluationError) else "",
            error_at=ended.span if isinstance(ended, EvaluationError) else None,
        )

    def _seen(self, term: Term, values: Values) -> Iterator[SeenValue]:
        for read in reads_of(term):
            same_line = read.span.line == term.span.line
            offset = max(0, read.span.column - term.span.column) if same_line else 0
            try:
                value = shown_reader(read, revealed=self._revealed)(values)
            except EvaluationError as failed:
                told = "absent" if failed.reason is Reason.ATTRIBUTE_MISSING else failed.message
            except NeedsValues:
                told = "not fetched"
            else:
                told = _told(read, value)
            yield SeenValue(read.name, offset, shortened(told))


def _word(ended: PartOutcome | None) -> str:
    if ended is None:
        return NOT_EVALUATED
    if isinstance(ended, bool):
        return "true" if ended else "false"
    return "error"


def _told(read: terms.Read, value: object) -> str:
    if read.type is TIMESTAMP and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
    return _literal(value)


def shortened(text: str) -> str:
    """As much of it as a line has room for."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _literal(value: object) -> str:
    """As conditions write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return "null" if value is None else repr(value)
