"""Ids of nodes, unique among siblings, and names that expressions can use."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.reading.nodes import ScalarNode
from deemster.policy.tree import Text

__all__ = ["ID_PATTERN", "NAME_PATTERN", "SiblingIds", "checked_id", "checked_name"]

ID_PATTERN = "[a-z0-9-]+"
NAME_PATTERN = "[A-Za-z_][A-Za-z0-9_]*"
_ID = re.compile(ID_PATTERN)
_NAME = re.compile(NAME_PATTERN)


class SiblingIds:
    """Ids in use among the children of one node."""

    __slots__ = ("_spans",)

    def __init__(self, reserved: Mapping[str, SourceSpan] | None = None) -> None:
        self._spans = dict(reserved or {})

    def take(self, id_: Text, sink: DiagnosticSink) -> None:
        """Report an id that a sibling has."""
        first = self._spans.setdefault(id_.value, id_.span)
        if first is not id_.span:
            sink.error(
                Code.DUPLICATE_ID,
                f"the id `{id_.value}` is used twice among siblings",
                id_.span,
                help="decisions and logs name a node by its ids; choose another one",
                notes=(Note("first used", first),),
            )


def checked_id(text: Text, sink: DiagnosticSink) -> Text | None:
    """The text if it is an id; None after an error."""
    if _ID.fullmatch(text.value):
        return text
    mended = re.sub("[^a-z0-9]+", "-", text.value.lower()).strip("-")
    suggestion = f", for example `{mended}`" if mended and len(mended) < 60 else ""
    sink.error(
        Code.BAD_ID,
        f"`{text.value}` cannot be an id",
        text.span,
        help=f"ids have lower-case letters, digits and hyphens{suggestion}",
    )
    return None


def checked_name(key: ScalarNode, sink: DiagnosticSink) -> Text | None:
    """A key that expressions can use as a name; None after an error."""
    if _NAME.fullmatch(key.text):
        return Text(key.text, key.span)
    mended = re.sub("[^A-Za-z0-9]+", "_", key.text).strip("_")
    usable = _NAME.fullmatch(mended) is not None and len(mended) < 60
    suggestion = f", for example `{mended}`" if usable else ""
    sink.error(
        Code.BAD_ID,
        f"`{key.text}` cannot be a name in expressions",
        key.span,
        help=f"names have letters, digits and underscores and begin with no digit{suggestion}",
    )
    return None
