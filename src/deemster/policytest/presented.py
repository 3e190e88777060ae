"""Token forms of a suite: a name, `none`, `{like: …}`, `fault(name)`, and asserted claims.

Source: policy-language section 13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policytest.cases import NOTHING, Fault, Presented, PresentedAs
from deemster.policytest.fields import FieldReader, numeric_date

__all__ = ["PresentedReader"]

Claims = Mapping[str, object]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FAULTY = re.compile(r"([a-z-]+)\((.*)\)")
_RESERVED = {"none", *(fault.value for fault in Fault)}


class PresentedReader:
    """Reads what calls present; knows the suite's `tokens:`."""

    def __init__(self, fields: FieldReader, timestamp_claims: frozenset[str]) -> None:
        """`timestamp_claims`: names of claims that may be written as RFC 3339."""
        self._fields = fields
        self._timestamp_claims = timestamp_claims
        self._tokens: dict[str, Claims] = {}

    @property
    def tokens(self) -> Mapping[str, Claims]:
        """Claims of each token by its name."""
        return self._tokens

    def read_tokens(self, node: Node | None) -> None:
        """`tokens:` of the suite."""
        mapping = self._fields.mapping(node, "`tokens`")
        for key, value in mapping.entries if mapping is not None else ():
            if key.text in _RESERVED:
                self._fields.refuse(f"`{key.text}` is a reserved name", key.span)
            elif _NAME.fullmatch(key.text) is None:
                self._fields.refuse(
                    f"`{key.text}` cannot be the name of a token",
                    key.span,
                    help="use letters, digits, `.`, `_` and `-`",
                )
            written = self._fields.mapping(value, f"token `{key.text}`")
            if written is None:
                continue
            for reserved in ("like", "fault"):
                place = written.key_node(reserved)
                if place is not None:
                    self._fields.refuse(
                        f"`{reserved}` belongs into a case, not into `tokens`", place.span
                    )
            self._tokens[key.text] = self._claims(written, without=())

    def read(self, node: Node, kind: PresentedAs) -> Presented | None:
        """`token:` or `claims:` of a case."""
        if isinstance(node, ScalarNode):
            return self.named(node, kind)
        mapping = self._fields.mapping(node, f"`{kind.value}`")
        if mapping is None:
            return None
        if mapping.get("like") is not None:
            return self._like(mapping, kind)
        stray = mapping.key_node("fault")
        if stray is not None:
            self._fields.refuse("`fault` goes with `like`", stray.span)
            return None
        if kind is PresentedAs.TOKEN:
            self._fields.refuse(
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
            claims = self._known(node.text, node)
            return None if claims is None else Presented(kind, node.text, claims)
        fault = self._fault(faulty[1], node, kind)
        claims = self._known(faulty[2], node)
        if fault is None or claims is None:
            return None
        return Presented(kind, node.text, claims, fault)

    def _like(self, mapping: MappingNode, kind: PresentedAs) -> Presented | None:
        like, fault_node = mapping.get("like"), mapping.get("fault")
        name = self._fields.text(like, "`like`")
        claims = self._known(name, like) if name is not None and like is not None else None
        fault = None
        if fault_node is not None:
            word = self._fields.text(fault_node, "`fault`")
            fault = self._fault(word, fault_node, kind) if word is not None else None
            if fault is None:
                return None
        if claims is None:
            return None
        own = self._claims(mapping, without=("like", "fault"))
        changed = ", ".join([*own, *([fault.value] if fault is not None else [])])
        label = f"like {name}" + (f", but for {changed}" if changed else "")
        return Presented(kind, label, {**claims, **own}, fault)

    def _fault(self, word: str, node: Node, kind: PresentedAs) -> Fault | None:
        known = self._fields.word(
            ScalarNode(word, node.style, node.span, 0, 0, verbatim=False)
            if isinstance(node, ScalarNode)
            else node,
            "a fault",
            [fault.value for fault in Fault],
        )
        if known is None:
            return None
        fault = Fault(known)
        if kind is PresentedAs.CLAIMS and fault.concerns_signature:
            self._fields.refuse(
                f"`{fault.value}` is about a signature, and asserted claims have none", node.span
            )
            return None
        return fault

    def _known(self, name: str, node: Node) -> Claims | None:
        claims = self._tokens.get(name)
        if claims is None:
            self._fields.sink.error(
                Code.UNKNOWN_NAME,
                f"there is no token `{name}` in `tokens`",
                node.span,
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
        value = self._fields.json(node)
        if name in self._timestamp_claims and isinstance(value, str):
            seconds = numeric_date(value)
            # Anything else is minted as it is: what a policy makes of it may be the question.
            return value if seconds is None else seconds
        return value
