"""Reading positioned nodes of a suite; every complaint names the place and what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing.scalars import describe, flag_of, json_value, listed, text_of
from deemster.policy.reading.nodes import MappingNode, Node, SequenceNode

__all__ = ["FieldReader", "numeric_date"]

# RFC 3339 5.6; Python takes more (ordinal dates, commas, no offset at all).
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_STATUSES = range(100, 600)

_FEW = 8
"""Words that a help line lists."""


def numeric_date(text: str) -> float | None:
    """Epoch seconds of an RFC 3339 timestamp, whole ones as int (RFC 7519 2); else None."""
    if _RFC3339.fullmatch(text) is None:
        return None
    try:
        seconds = datetime.fromisoformat(text.upper()).timestamp()
    except ValueError:
        return None
    return int(seconds) if seconds.is_integer() else seconds


class FieldReader:
    """Takes values out of mappings; what is wrong goes to the sink and reads as None."""

    def __init__(self, sink: DiagnosticSink) -> None:
        self.sink = sink

    def refuse(self, message: str, span: SourceSpan, *, help: str | None = None) -> None:
        """An error about the meaning of a suite."""
        self.sink.error(Code.TEST_SUITE, message, span, help=help)

    def mapping(self, node: Node | None, what: str) -> MappingNode | None:
        """The node as a mapping."""
        if node is None or isinstance(node, MappingNode):
            return node
        self._wrong_type(what, "a mapping", node)
        return None

    def sequence(self, node: Node | None, what: str) -> tuple[Node, ...]:
        """Items of a list; absent is the empty list."""
        if isinstance(node, SequenceNode):
            return node.items
        if node is not None:
            self._wrong_type(what, "a list", node)
        return ()

    def text(self, node: Node | None, what: str) -> str | None:
        """The node as text, however it is written."""
        found = text_of(node, self.sink, what) if node is not None else None
        return found.value if found is not None else None

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A list of texts."""
        found = (self.text(item, f"each of {what}") for item in self.sequence(node, what))
        return tuple(text for text in found if text is not None)

    def boolean(self, node: Node | None, what: str, *, default: bool) -> bool:
        """`true` or `false`."""
        found = flag_of(node, self.sink, what) if node is not None else None
        return default if found is None else found

    def json(self, node: Node) -> object:
        """A free JSON field."""
        return json_value(node, self.sink)

    def instant(self, node: Node | None, what: str) -> float | None:
        """Epoch seconds of an RFC 3339 timestamp."""
        text = self.text(node, what)
        if text is None or node is None:
            return None
        seconds = numeric_date(text)
        if seconds is None:
            self.sink.error(
                Code.BAD_VALUE,
                f"{what} is `{text}`, which is no RFC 3339 timestamp",
                node.span,
                help="write it like 2026-11-23T09:00:00Z",
            )
        return seconds

    def http_status(self, node: Node | None) -> int | None:
        """An HTTP status."""
        if node is None:
            return None
        value = self.json(node)
        if isinstance(value, int) and not isinstance(value, bool) and value in _STATUSES:
            return value
        self.sink.error(Code.BAD_VALUE, "`status` must be an HTTP status, 100 to 599", node.span)
        return None

    def word(self, node: Node | None, what: str, known: Iterable[str]) -> str | None:
        """One of a closed list of words."""
        text = self.text(node, what)
        if text is None or node is None:
            return None
        words = list(known)
        if text in words:
            return text
        expected = f"expected {listed(words)}" if len(words) <= _FEW else None
        self.sink.error(
            Code.BAD_VALUE,
            f"{what} cannot be `{text}`",
            node.span,
            help=did_you_mean(text, words) or expected,
        )
        return None

    def require(self, mapping: MappingNode, key: str, what: str) -> Node | None:
        """The value under a key that must be there."""
        found = mapping.get(key)
        if found is None:
            self.sink.error(Code.MISSING_KEY, f"{what} needs `{key}`", mapping.span)
        return found

    def only(
        self,
        mapping: MappingNode,
        known: Iterable[str],
        what: str,
        *,
        later: Iterable[str] = (),
    ) -> None:
        """Refuse keys that are unknown, and by name those that are not supported yet."""
        names, unsupported = list(known), set(later)
        for key, _ in mapping.entries:
            if key.text in unsupported:
                self.sink.error(
                    Code.UNSUPPORTED_YET, f"`{key.text}` is not supported yet", key.span
                )
            elif key.text not in names:
                self.sink.error(
                    Code.UNKNOWN_KEY,
                    f"{what} has no key `{key.text}`",
                    key.span,
                    help=did_you_mean(key.text, names) or f"known keys: {listed(names, 'and')}",
                )

    def _wrong_type(self, what: str, expected: str, node: Node) -> None:
        self.sink.error(
            Code.WRONG_TYPE, f"{what} must be {expected}, found {describe(node)}", node.span
        )
