"""`-k`: which cases are run, by words of their suite's id and their own name.

finance                     cases with that text, in upper or lower case
finance pays                ... with both words side by side
invoices and not expired    `and`, `or`, `not`, and parentheses
'not yet valid'             in quotes, words of the grammar are text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from deemster.policytest.cases import Suite

__all__ = ["SelectionError", "parse_selection", "selected"]

Matches = Callable[[str], bool]

_TOKEN = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\"|([()])|([^\s()'\"]+(?:\([^\s()]*\))?))")
_WORDS = {"and", "or", "not"}


class SelectionError(ValueError):
    """What is wrong with a selection, as a sentence."""


def parse_selection(text: str) -> Matches:
    """Whether a text is meant. Raises SelectionError."""
    parser = _Parser(text)
    matches = parser.either()
    if parser.next is not None:
        raise SelectionError(f"`{parser.next[1]}` is not expected here")
    return matches


def selected(suites: Iterable[Suite], matches: Matches) -> tuple[Suite, ...]:
    """Suites with the cases that are meant; those without any are left out."""
    found = []
    for suite in suites:
        cases = tuple(case for case in suite.cases if matches(f"{suite.id} {case.name}"))
        if cases:
            found.append(replace(suite, cases=cases))
    return tuple(found)


class _Parser:
    """By recursive descent; a token is (kind, text) with kind `word`, `text`, `(` or `)`."""

    def __init__(self, text: str) -> None:
        self._tokens = iter(_tokens(text))
        self.next: tuple[str, str] | None = None
        self._advance()

    def either(self) -> Matches:
        options = [self._both()]
        while self._take("or"):
            options.append(self._both())
        return lambda name: any(option(name) for option in options)

    def _both(self) -> Matches:
        terms = [self._term()]
        while self._take("and"):
            terms.append(self._term())
        return lambda name: all(term(name) for term in terms)

    def _term(self) -> Matches:
        if self._take("not"):
            operand = self._term()
            return lambda name: not operand(name)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise SelectionError("a `(` is not closed")
            return inner
        words = []
        while self.next is not None and self.next[0] == "text":
            words.append(self.next[1])
            self._advance()
        if not words:
            found = f"found `{self.next[1]}`" if self.next is not None else "found nothing"
            raise SelectionError(f"a text is expected, {found}")
        phrase = " ".join(words).casefold()
        return lambda name: phrase in name.casefold()

    def _take(self, kind: str) -> bool:
        if self.next is None or self.next[0] != kind:
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        self.next = next(self._tokens, None)


def _tokens(text: str) -> Iterable[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise SelectionError("a quotation mark is not closed")
        single, double, parenthesis, word = found.groups()
        if parenthesis is not None:
            yield parenthesis, parenthesis
        elif word is not None and word in _WORDS:
            yield word, word
        else:
            yield "text", next(part for part in (single, double, word) if part is not None)
        position = found.end()
