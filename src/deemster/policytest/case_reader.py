"""`cases` and `matrix` of a suite: nodes ► `SuiteCase`, a matrix row each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Note
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import CASE, MATRIX
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policytest.attribute_answers import read_attribute_answers
from deemster.policytest.attribute_names import AttributeNames
from deemster.policytest.cases import (
    NOTHING,
    AccessRecipe,
    CallRecipe,
    Expectation,
    GivenAttribute,
    Presented,
    PresentedAs,
    SuiteCase,
    UpstreamAnswer,
)
from deemster.policytest.exchanges import read_request, read_response
from deemster.policytest.expectations import ExpectationReader
from deemster.policytest.fields import instant
from deemster.policytest.presented import PresentedReader

__all__ = ["CaseReader"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Circumstances:
    """All of a case but who asks and what is expected; the rows of a matrix share them."""

    name: str
    now: float
    call: CallRecipe | AccessRecipe
    attributes: tuple[GivenAttribute, ...]
    response: UpstreamAnswer | None
    skip: str | None


class CaseReader:
    """Reads `cases` and `matrix`."""

    def __init__(
        self,
        presented: PresentedReader,
        expectations: ExpectationReader,
        attributes: AttributeNames,
        now: float,
    ) -> None:
        """`now` (epoch seconds) is the time of cases that say none."""
        self._attributes = attributes
        self._presented = presented
        self._expectations = expectations
        self._now = now
        self._names: dict[str, SourceSpan] = {}

    def read_all(self, suite: Fields) -> Iterator[SuiteCase]:
        """Cases in file order; those with an error are left out."""
        for item in suite.items("cases"):
            fields = Fields.of(item, CASE, suite.sink)
            case = self._case(fields) if fields is not None else None
            if case is not None:
                yield case
        for item in suite.items("matrix"):
            fields = Fields.of(item, MATRIX, suite.sink)
            if fields is not None:
                yield from self._matrix(fields)

    def _case(self, fields: Fields) -> SuiteCase | None:
        circumstances = self._circumstances(fields)
        presented = self._what_is_presented(fields)
        written = fields.node_of("expect")
        expectation = self._expectations.read(written) if written is not None else None
        if circumstances is None or presented is None or expectation is None:
            return None
        return _made(circumstances, circumstances.name, fields.node.span, presented, expectation)

    def _matrix(self, fields: Fields) -> Iterator[SuiteCase]:
        circumstances = self._circumstances(fields)
        rows = list(_rows(fields))
        if not rows:
            fields.sink.error(
                Code.MISSING_KEY,
                "an entry of `matrix` needs `tokens` or `claims`",
                fields.head_span,
                help="for example `tokens: {alice: permit, none: deny}`",
            )
        for kind, key, value in rows:
            presented = self._presented.named(key, kind)
            expectation = self._expectations.read_row(value)
            if circumstances is None or presented is None or expectation is None:
                continue
            twice = kind is PresentedAs.CLAIMS and "tokens" in fields
            name = f"{circumstances.name} [{'claims ' if twice else ''}{key.text}]"
            yield _made(circumstances, name, key.span, presented, expectation)

    def _circumstances(self, fields: Fields) -> _Circumstances | None:
        name, call = self._name(fields), read_request(fields)
        now = instant(fields, "now")
        skip = fields.string("skip")
        attributes, response = (
            read_attribute_answers(fields, self._attributes),
            read_response(fields),
        )
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

    def _name(self, fields: Fields) -> str | None:
        name = fields.text("name")
        if name is None:
            return None
        first = self._names.setdefault(name.value, name.span)
        if first is not name.span:
            fields.sink.error(
                Code.DUPLICATE_ID,
                f"there are two cases with the name `{name.value}`",
                name.span,
                help="say what makes them different",
                notes=(Note("first written", first),),
            )
        return name.value

    def _what_is_presented(self, fields: Fields) -> Presented | None:
        token, claims = fields.node_of("token"), fields.node_of("claims")
        if token is not None and claims is not None:
            fields.sink.error(
                Code.TEST_SUITE,
                "a case has `token` or `claims`, not both",
                fields.key_span("claims"),
                help="`claims` are asserted by the gateway instead of a token",
            )
            return None
        if claims is not None:
            return self._presented.read(claims, PresentedAs.CLAIMS)
        if token is not None:
            return self._presented.read(token, PresentedAs.TOKEN)
        return NOTHING


def _rows(fields: Fields) -> Iterator[tuple[PresentedAs, ScalarNode, Node]]:
    for word, kind in (("tokens", PresentedAs.TOKEN), ("claims", PresentedAs.CLAIMS)):
        for key, value in fields.entries(word):
            yield kind, key, value


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
