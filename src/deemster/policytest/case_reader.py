"""`cases` and `matrix` of a suite: nodes ► `SuiteCase`, a matrix row each."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode
from deemster.policytest.cases import (
    NOTHING,
    CallRecipe,
    Expectation,
    Presented,
    PresentedAs,
    SuiteCase,
)
from deemster.policytest.expectations import ExpectationReader
from deemster.policytest.fields import FieldReader
from deemster.policytest.presented import PresentedReader

__all__ = ["CaseReader"]

_CASE_KEYS = ("name", "now", "request", "token", "claims", "expect", "skip")
_MATRIX_KEYS = ("name", "now", "request", "tokens", "claims", "skip")
_REQUEST_KEYS = ("method", "url", "headers", "body", "ip")


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
        fields.only(mapping, _CASE_KEYS, "a case", later=("attributes",))
        name = self._name(mapping, "a case")
        call = self._call(mapping)
        presented = self._what_is_presented(mapping)
        written = fields.require(mapping, "expect", "a case")
        expectation = self._expectations.read(written) if written is not None else None
        if name is None or call is None or presented is None or expectation is None:
            return None
        return self._made(mapping, name, mapping.span, call, presented, expectation)

    def _matrix(self, mapping: MappingNode) -> Iterator[SuiteCase]:
        fields = self._fields
        fields.only(mapping, _MATRIX_KEYS, "an entry of `matrix`", later=("attributes",))
        name = self._name(mapping, "an entry of `matrix`")
        call = self._call(mapping)
        rows = list(self._rows(mapping))
        if not rows:
            fields.refuse("an entry of `matrix` needs `tokens` or `claims`", mapping.span)
        for kind, key, value in rows:
            presented = self._presented.named(key, kind)
            expectation = self._expectations.read(value)
            if name and call is not None and presented is not None and expectation is not None:
                yield self._made(
                    mapping, f"{name} [{key.text}]", key.span, call, presented, expectation
                )

    def _rows(self, mapping: MappingNode) -> Iterator[tuple[PresentedAs, ScalarNode, Node]]:
        for word, kind in (("tokens", PresentedAs.TOKEN), ("claims", PresentedAs.CLAIMS)):
            written = self._fields.mapping(mapping.get(word), f"`{word}`")
            for key, value in written.entries if written is not None else ():
                yield kind, key, value

    def _made(
        self,
        mapping: MappingNode,
        name: str,
        span: SourceSpan,
        call: CallRecipe,
        presented: Presented,
        expectation: Expectation,
    ) -> SuiteCase:
        now = self._fields.instant(mapping.get("now"), "`now`")
        return SuiteCase(
            name=name,
            span=span,
            now=self._now if now is None else now,
            call=call,
            presented=presented,
            expectation=expectation,
            skip=self._fields.text(mapping.get("skip"), "`skip`"),
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

    def _call(self, mapping: MappingNode) -> CallRecipe | None:
        fields = self._fields
        written = fields.mapping(fields.require(mapping, "request", "a case"), "`request`")
        if written is None:
            return None
        fields.only(written, _REQUEST_KEYS, "`request`")
        method = fields.text(fields.require(written, "method", "`request`"), "`method`")
        url = fields.text(fields.require(written, "url", "`request`"), "`url`")
        headers = self._headers(written.get("headers"))
        body, media_type = self._body(written.get("body"))
        if media_type is not None and not any(name == "content-type" for name, _ in headers):
            headers = (*headers, ("content-type", media_type))
        if method is None or url is None:
            return None
        return CallRecipe(
            method=method,
            url=url,
            headers=headers,
            body=body,
            ip=fields.text(written.get("ip"), "`ip`"),
        )

    def _headers(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        mapping = self._fields.mapping(node, "`headers`")
        pairs: list[tuple[str, str]] = []
        for key, value in mapping.entries if mapping is not None else ():
            if isinstance(value, SequenceNode):
                texts = self._fields.texts(value, f"header `{key.text}`")
            else:
                text = self._fields.text(value, f"header `{key.text}`")
                texts = (text,) if text is not None else ()
            pairs.extend((key.text.lower(), text) for text in texts)
        return tuple(pairs)

    def _body(self, node: Node | None) -> tuple[str | None, str | None]:
        """Body text and its media type: text as it stands, anything else as JSON."""
        if node is None:
            return None, None
        if isinstance(node, ScalarNode):
            return node.text, None
        return json.dumps(self._fields.json(node), ensure_ascii=False), "application/json"
