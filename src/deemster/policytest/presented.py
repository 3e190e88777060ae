"""Token forms of a suite: a name, `none`, `{like: …}`, `fault(name)`, and asserted claims.

Source: policy-language section 13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing.fields import Fields, chosen
from deemster.policy.parsing.policy_tests import TOKEN_FAULTS
from deemster.policy.parsing.scalars import describe, json_value, text_of
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policy.tree import Text
from deemster.policytest.cases import NOTHING, Fault, Presented, PresentedAs
from deemster.policytest.fields import numeric_date

__all__ = ["PresentedReader"]

Claims = Mapping[str, object]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FAULTY = re.compile(r"([a-z-]+)\((.*)\)")
_RESERVED = {"none", *(fault.value for fault in Fault)}


class PresentedReader:
    """Reads what calls present; knows the suite's `tokens:`."""

    def __init__(self, sink: DiagnosticSink, timestamp_claims: frozenset[str]) -> None:
        """`timestamp_claims`: names of claims that may be written as RFC 3339."""
        self._sink = sink
        self._timestamp_claims = timestamp_claims
        self._tokens: dict[str, Claims] = {}

    @property
    def tokens(self) -> Mapping[str, Claims]:
        """Claims of each token by its name."""
        return self._tokens

    def read_tokens(self, suite: Fields) -> None:
        """`tokens:` of the suite."""
        for key, value in suite.entries("tokens"):
            if key.text in _RESERVED:
                self._refuse(f"`{key.text}` is a reserved name", key.span)
            elif _NAME.fullmatch(key.text) is None:
                self._refuse(
                    f"`{key.text}` cannot be the name of a token",
                    key.span,
                    help="use letters, digits, `.`, `_` and `-`",
                )
            written = self._mapping(value, f"token `{key.text}`")
            if written is None:
                continue
            for reserved in ("like", "fault"):
                place = written.key_node(reserved)
                if place is not None:
                    self._refuse(f"`{reserved}` belongs into a case, not into `tokens`", place.span)
            self._tokens[key.text] = self._claims(written, without=())

    def read(self, node: Node, kind: PresentedAs) -> Presented | None:
        """`token:` or `claims:` of a case."""
        if isinstance(node, ScalarNode):
            return self.named(node, kind)
        mapping = self._mapping(node, f"`{kind.value}`")
        if mapping is None:
            return None
        if mapping.get("like") is not None:
            return self._like(mapping, kind)
        stray = mapping.key_node("fault")
        if stray is not None:
            self._refuse("`fault` goes with `like`", stray.span)
            return None
        if kind is PresentedAs.TOKEN:
            self._refuse(
                "`token` must be a name of `tokens`, `none`, or `{like: name, …}`",
                mapping.span,
                help="give the claims a name under `tokens`",
            )
            return None
        return Presented(kind, "claims of this case", self._claims(mapping, without=()))

    def named(self, node: ScalarNode, kind: PresentedAs) -> Presented | None:
        """A name, `none`, or `fault(name)`."""
        if node.text == "none":
            return NOTHING
        faulty = _FAULTY.fullmatch(node.text)
        if faulty is None:
            claims = self._known(node.text, node.span)
            return None if claims is None else Presented(kind, node.text, claims)
        fault = self._fault(Text(faulty[1], node.span), kind)
        claims = self._known(faulty[2], node.span)
        if fault is None or claims is None:
            return None
        return Presented(kind, node.text, claims, fault)

    def _like(self, mapping: MappingNode, kind: PresentedAs) -> Presented | None:
        like, fault_node = mapping.get("like"), mapping.get("fault")
        name = text_of(like, self._sink, "`like`") if like is not None else None
        claims = self._known(name.value, name.span) if name is not None else None
        fault = None
        if fault_node is not None:
            word = text_of(fault_node, self._sink, "`fault`")
            fault = self._fault(word, kind) if word is not None else None
            if fault is None:
                return None
        if claims is None or name is None:
            return None
        own = self._claims(mapping, without=("like", "fault"))
        changed = ", ".join([*own, *([fault.value] if fault is not None else [])])
        label = f"like {name.value}" + (f", but for {changed}" if changed else "")
        return Presented(kind, label, {**claims, **own}, fault)

    def _fault(self, written: Text, kind: PresentedAs) -> Fault | None:
        word = chosen(written, "fault", TOKEN_FAULTS, self._sink)
        if word is None:
            return None
        fault = Fault(word)
        if kind is PresentedAs.CLAIMS and fault.concerns_signature:
            self._refuse(
                f"`{fault.value}` is about a signature, and asserted claims have none",
                written.span,
            )
            return None
        return fault

    def _known(self, name: str, span: SourceSpan) -> Claims | None:
        claims = self._tokens.get(name)
        if claims is None:
            self._sink.error(
                Code.UNKNOWN_NAME,
                f"there is no token `{name}` in `tokens`",
                span,
                help=did_you_mean(name, [*self._tokens, "none"]),
            )
        return claims

    def _claims(self, mapping: MappingNode, *, without: tuple[str, ...]) -> Claims:
        return {
            key.text: self._claim(key.text, value)
            for key, value in mapping.entries
            if key.text not in without
        }

    def _claim(self, name: str, node: Node) -> object:
        value = json_value(node, self._sink)
        if name in self._timestamp_claims and isinstance(value, str):
            seconds = numeric_date(value)
            # Anything else is minted as it is: what a policy makes of it may be the question.
            return value if seconds is None else seconds
        return value

    def _mapping(self, node: Node, what: str) -> MappingNode | None:
        if isinstance(node, MappingNode):
            return node
        self._sink.error(
            Code.WRONG_TYPE, f"{what} must be a mapping, found {describe(node)}", node.span
        )
        return None

    def _refuse(self, message: str, span: SourceSpan, *, help: str | None = None) -> None:
        self._sink.error(Code.TEST_SUITE, message, span, help=help)
