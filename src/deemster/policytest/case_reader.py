"""`cases` and `matrix` of a suite: nodes ► `SuiteCase`, a matrix row each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policytest.attribute_answers import read_attribute_answers
from deemster.policytest.cases import (
    NOTHING,
    AccessRecipe,
    AttributeAnswer,
    CallRecipe,
    Expectation,
    Presented,
    PresentedAs,
    SuiteCase,
    UpstreamAnswer,
)
from deemster.policytest.exchanges import ExchangeReader
from deemster.policytest.expectations import ExpectationReader
from deemster.policytest.fields import FieldReader
from deemster.policytest.presented import PresentedReader

__all__ = ["CaseReader"]

_COMMON_KEYS = ("name", "now", "request", "attributes", "response", "skip")
_CASE_KEYS = (*_COMMON_KEYS, "token", "claims", "expect")
_MATRIX_KEYS = (*_COMMON_KEYS, "tokens", "claims")

# What the language does not do yet; without a word here, what is read below counts.
_LATER = ("attributes", "response")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Circumstances:
    """All of a case but who asks and what is expected; the rows of a matrix share them."""

    name: str
    now: float
    call: CallRecipe | AccessRecipe
    attributes: tuple[AttributeAnswer, ...]
    response: UpstreamAnswer | None
    skip: str | None


class CaseReader:
    """Reads `cases` and `matrix`."""

    def __init__(
        self,
        fields: FieldReader,
        presented: PresentedReader,
        expectations: ExpectationReader,
        now: float,
    ) -> None:
        """`now` (epoch seconds) is the time of cases that say none."""
        self._fields = fields
        self._presented = presented
        self._expectations = expectations
        self._exchanges = ExchangeReader(fields)
        self._now = now
        self._names: dict[str, SourceSpan] = {}

    def read_all(self, cases: Node | None, matrix: Node | None) -> Iterator[SuiteCase]:
        """Cases in file order; those with an error are left out."""
        for item in self._fields.sequence(cases, "`cases`"):
            mapping = self._fields.mapping(item, "a case")
            case = self._case(mapping) if mapping is not None else None
            if case is not None:
                yield case
        for item in self._fields.sequence(matrix, "`matrix`"):
            mapping = self._fields.mapping(item, "an entry of `matrix`")
            if mapping is not None:
                yield from self._matrix(mapping)

    def _case(self, mapping: MappingNode) -> SuiteCase | None:
        fields = self._fields
        fields.only(mapping, _CASE_KEYS, "a case", later=_LATER)
        circumstances = self._circumstances(mapping, "a case")
        presented = self._what_is_presented(mapping)
        written = fields.require(mapping, "expect", "a case")
        expectation = self._expectations.read(written) if written is not None else None
        if circumstances is None or presented is None or expectation is None:
            return None
        return _made(circumstances, circumstances.name, mapping.span, presented, expectation)

    def _matrix(self, mapping: MappingNode) -> Iterator[SuiteCase]:
        fields = self._fields
        fields.only(mapping, _MATRIX_KEYS, "an entry of `matrix`", later=_LATER)
        circumstances = self._circumstances(mapping, "an entry of `matrix`")
        rows = list(self._rows(mapping))
        if not rows:
            fields.refuse("an entry of `matrix` needs `tokens` or `claims`", mapping.span)
        for kind, key, value in rows:
            presented = self._presented.named(key, kind)
            expectation = self._expectations.read(value)
            if circumstances is None or presented is None or expectation is None:
                continue
            name = f"{circumstances.name} [{key.text}]"
            yield _made(circumstances, name, key.span, presented, expectation)

    def _rows(self, mapping: MappingNode) -> Iterator[tuple[PresentedAs, ScalarNode, Node]]:
        for word, kind in (("tokens", PresentedAs.TOKEN), ("claims", PresentedAs.CLAIMS)):
            written = self._fields.mapping(mapping.get(word), f"`{word}`")
            for key, value in written.entries if written is not None else ():
                yield kind, key, value

    def _circumstances(self, mapping: MappingNode, what: str) -> _Circumstances | None:
        fields = self._fields
        name = self._name(mapping, what)
        request = fields.require(mapping, "request", what)
        call = self._exchanges.request(request) if request is not None else None
        now = fields.instant(mapping.get("now"), "`now`")
        skip = fields.text(mapping.get("skip"), "`skip`")
        attributes = read_attribute_answers(_unless_later(mapping, "attributes"), fields)
        response = self._exchanges.response(_unless_later(mapping, "response"))
        if name is None or call is None:
            return None
        return _Circumstances(
            name=name,
            now=self._now if now is None else now,
            call=call,
            attributes=attributes,
            response=response,
            skip=skip,
        )

    def _name(self, mapping: MappingNode, what: str) -> str | None:
        node = self._fields.require(mapping, "name", what)
        name = self._fields.text(node, "`name`")
        if name is None or node is None:
            return None
        if name in self._names:
            self._fields.sink.error(
                Code.DUPLICATE_ID,
                f"there are two cases with the name `{name}`",
                node.span,
                help=f"the first is at {self._names[name]}",
            )
        self._names.setdefault(name, node.span)
        return name

    def _what_is_presented(self, mapping: MappingNode) -> Presented | None:
        token, claims = mapping.get("token"), mapping.get("claims")
        if token is not None and claims is not None:
            self._fields.refuse("a case has `token` or `claims`, not both", mapping.span)
            return None
        if claims is not None:
            return self._presented.read(claims, PresentedAs.CLAIMS)
        if token is not None:
            return self._presented.read(token, PresentedAs.TOKEN)
        return NOTHING


def _unless_later(mapping: MappingNode, key: str) -> Node | None:
    # What was refused by its name needs no second look.
    return None if key in _LATER else mapping.get(key)


def _made(
    circumstances: _Circumstances,
    name: str,
    span: SourceSpan,
    presented: Presented,
    expectation: Expectation,
) -> SuiteCase:
    return SuiteCase(
        name=name,
        span=span,
        now=circumstances.now,
        call=circumstances.call,
        presented=presented,
        expectation=expectation,
        attributes=circumstances.attributes,
        response=circumstances.response,
        skip=circumstances.skip,
    )
