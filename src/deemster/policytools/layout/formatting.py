"""The text of one policy file ► the same text in the canonical layout.

What a file says is never changed: the layout is read again and held against the original before
anybody sees it. Which keys come first says nothing in YAML; where the language has an order, keys
are put into it.
"""

from __future__ import annotations

from collections import Counter

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.nodes import MappingNode, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.reading.reader import read_document
from deemster.policy.reading.source_text import MAX_FILE_BYTES
from deemster.policytools.layout.comments import attach_comments
from deemster.policytools.layout.outline import Collection, Entry, outline_of
from deemster.policytools.layout.printing import printed
from deemster.policytools.layout.scalars import is_free_json

__all__ = ["formatted"]


def formatted(content: bytes, shown: str, sink: DiagnosticSink) -> bytes | None:
    """The file's content in the canonical layout, or None after an error in `sink`.

    `shown` is its path for people. Raises AssertionError where the layout would say something
    else than the file does: a fault of this module.
    """
    root = read_document(content, shown, sink)
    if root is None:
        return None
    if isinstance(root, ScalarNode):
        return content
    lines = _lines_of(content)
    before, comments = _read(root, lines)
    made = "\n".join([*printed(before, lines), ""]).encode()
    if len(made) > MAX_FILE_BYTES:
        sink.error(
            Code.FILE_TOO_LARGE,
            f"laid out, the file would have {len(made):,} bytes, more than 1 MiB",
            SourceSpan(shown, 1, 1, 1, 1),
            help="split it into several documents",
        )
        return None
    again = read_document(made, shown, DiagnosticSink())
    if again is None or isinstance(again, ScalarNode):
        raise AssertionError(f"the layout of {shown} could not be read again")
    after, comments_after = _read(again, _lines_of(made))
    if _meaning(before) != _meaning(after):
        raise AssertionError(f"the layout of {shown} would say something else")
    if Counter(comments) != Counter(comments_after):
        raise AssertionError(f"the layout of {shown} would lose a comment")
    return made


def _read(root: MappingNode | SequenceNode, lines: list[str]) -> tuple[Collection, list[str]]:
    outline = outline_of(root, lines)
    return outline, attach_comments(outline, lines)


def _lines_of(content: bytes) -> list[str]:
    return content.decode().replace("\r\n", "\n").split("\n")


def _meaning(found: Collection) -> object:
    """All that a reader of YAML is told, keys in the order of the layout."""
    return found.is_mapping, [
        (entry.key.text if entry.key is not None else None, _value_of(entry))
        for entry in found.in_order()
    ]


def _value_of(entry: Entry) -> object:
    value = entry.value
    if isinstance(value, Collection):
        return _meaning(value)
    is_plain = value.style is ScalarStyle.PLAIN
    return value.text, is_plain if is_free_json(entry.form) else None
