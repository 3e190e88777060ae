"""YAML event stream ► positioned nodes, under the YAML profile (policy-language section 1).

The event stream is flat and cheap. PyYAML's composer is not used: libyaml's ends the process on
deep input, both keep the last of two equal keys, and both guess types. Every limit is checked on
events, before anything recursive sees the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import yaml
from yaml.error import Mark
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.reading.source_text import decode_source
from deemster.policy.reading.yaml_errors import report_syntax_error

__all__ = ["MAX_DEPTH", "MAX_NODES", "NodeBudget", "read_document"]

MAX_DEPTH = 64
MAX_NODES = 200_000
_MAX_ERRORS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")

# As tuples: a union of types is made anew in each test.
_STARTS = (MappingStartEvent, SequenceStartEvent)
_ENDS = (MappingEndEvent, SequenceEndEvent)
_STYLES = {
    None: ScalarStyle.PLAIN,
    "": ScalarStyle.PLAIN,
    "'": ScalarStyle.SINGLE_QUOTED,
    '"': ScalarStyle.DOUBLE_QUOTED,
    "|": ScalarStyle.LITERAL,
    ">": ScalarStyle.FOLDED,
}


class NodeBudget:
    """Nodes that the files of a tree may have together."""

    __slots__ = ("left",)

    def __init__(self, nodes: int) -> None:
        self.left = nodes


def read_document(
    content: bytes,
    file: str,
    sink: DiagnosticSink,
    *,
    pure_python: bool = False,
    budget: NodeBudget | None = None,
) -> Node | None:
    """The one document of a file, or None after at least one error in `sink`.

    `file` is the path as shown to people. Never raises, whatever the bytes. `pure_python` avoids
    libyaml, as happens by itself where PyYAML was built without it. Where `budget` is used up,
    reading ends with an error.
    """
    text = decode_source(content, file, sink)
    if text is None:
        return None
    errors_before = sink.error_count
    composition = _Composition(text, file, sink, budget or NodeBudget(MAX_NODES))
    root = composition.compose(_events(text, pure_python=pure_python))
    return root if sink.error_count == errors_before else None


def _events(text: str, *, pure_python: bool) -> Iterator[Event]:
    use_c = yaml.__with_libyaml__ and not pure_python
    return iter(yaml.parse(text, Loader=yaml.CLoader if use_c else yaml.SafeLoader))


class _Composition:
    """Builds nodes from events with a stack of its own: nothing here recurses."""

    __slots__ = (
        *("_budget", "_file", "_lines", "_nodes", "_root", "_sink", "_stack", "_stop_at"),
        "_text",
    )

    def __init__(self, text: str, file: str, sink: DiagnosticSink, budget: NodeBudget) -> None:
        self._budget = budget
        self._text = text
        self._file = file
        self._sink = sink
        self._stop_at = sink.error_count + _MAX_ERRORS
        self._lines: list[str] | None = None
        self._nodes = 0
        self._root: Node | None = None
        # Each entry: the start event of an open collection, and its children so far.
        self._stack: list[tuple[Event, list[Node]]] = []

    def compose(self, events: Iterator[Event]) -> Node | None:
        try:
            for event in events:
                if not self._take(event):
                    return None
        except (yaml.YAMLError, ValueError) as error:
            report_syntax_error(error, self._text, self._file, self._sink)
            return None
        if self._root is None:
            span = SourceSpan(self._file, 1, 1, 1, 1)
            self._sink.error(
                Code.YAML_SYNTAX,
                "the file holds no document",
                span,
                help="write one, or remove the file",
            )
        return self._root

    def _take(self, event: Event) -> bool:
        """False where reading must stop: a limit is exceeded, or another document begins."""
        if isinstance(event, ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                self._refuse_properties(event)
            return self._append(self._scalar(event))
        if isinstance(event, _STARTS):
            self._refuse_properties(event)
            self._stack.append((event, []))
            return len(self._stack) <= MAX_DEPTH or self._refuse_depth(event)
        if isinstance(event, _ENDS):
            return self._append(self._collection(event))
        if isinstance(event, AliasEvent):
            return self._append(self._alias(event))
        if isinstance(event, DocumentStartEvent) and self._root is not None:
            self._refuse_document(event)
            return False
        return True

    def _append(self, node: Node) -> bool:
        if self._stack:
            self._stack[-1][1].append(node)
        else:
            self._root = node
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._sink.error(
                Code.TOO_MANY_NODES,
                f"the file has more than {MAX_NODES:,} keys, values and lists",
                node.span,
                help="split it into several documents",
            )
            return False
        self._budget.left -= 1
        if self._budget.left < 0:
            self._sink.error(
                Code.TREE_TOO_LARGE,
                "the files of this tree have too many keys, values and lists together",
                node.span,
                help="look for what is no policy; the files after this one were not read",
            )
            return False
        return self._sink.error_count < self._stop_at

    # --- nodes ----------------------------------------------------------------------------------

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        style = _STYLES[event.style]
        if style is ScalarStyle.LITERAL or style is ScalarStyle.FOLDED:
            return self._block_scalar(event, style)
        start, end, text = _start(event), _end(event), event.value
        quotes = 0 if style is ScalarStyle.PLAIN else 1
        line, column = start.line + 1, start.column + 1
        # Every escape is longer than what it stands for, so equal lengths mean no escape; a
        # scalar on one line is not folded.
        is_verbatim = end.line == start.line and end.column - start.column == len(text) + 2 * quotes
        span = SourceSpan(self._file, line, column, end.line + 1, end.column + 1)
        if not is_verbatim and _SURROGATE.search(text):
            # libyaml refuses these itself; PyYAML's own parser makes text that cannot be encoded.
            self._sink.error(Code.YAML_SYNTAX, "an escape here names half a character", span)
        return ScalarNode(text, style, span, line, column + quotes, is_verbatim)

    def _block_scalar(self, event: ScalarEvent, style: ScalarStyle) -> ScalarNode:
        start, text = _start(event), event.value
        line, column = start.line + 1, start.column + 1
        if self._lines is None:
            self._lines = self._text.split("\n")
        texts = text.rstrip("\n").split("\n")
        written = [
            source.removesuffix("\r")
            for source in self._lines[start.line + 1 : start.line + 1 + len(texts)]
        ]
        indent = _indent_of(texts, written)
        is_verbatim = style is ScalarStyle.LITERAL and all(
            source[indent:] == content for source, content in zip(written, texts, strict=False)
        )
        if is_verbatim and text.strip("\n"):
            end_line, end_column = line + len(texts), indent + len(texts[-1]) + 1
        else:
            end_line, end_column = line, column + 1
        span = SourceSpan(self._file, line, column, end_line, end_column)
        return ScalarNode(text, style, span, line + 1, indent + 1, is_verbatim)

    def _alias(self, event: AliasEvent) -> ScalarNode:
        """Refused; an empty scalar takes its place while the rest is read for errors."""
        span = self._span(event)
        self._sink.error(
            Code.YAML_FEATURE,
            f"aliases are not used in policy files, found `*{event.anchor}`",
            span,
            help="write the value again, or a text in double quotes if `*` belongs to it",
        )
        return ScalarNode("", ScalarStyle.PLAIN, span, span.line, span.column, verbatim=False)

    def _collection(self, event: MappingEndEvent | SequenceEndEvent) -> Node:
        start, children = self._stack.pop()
        if isinstance(start, _STARTS) and start.flow_style:
            end = _end(event)
            end_line, end_column = end.line + 1, end.column + 1
        else:
            # A block collection's own end mark is where the next token starts.
            last = children[-1].span
            end_line, end_column = last.end_line, last.end_column
        mark = _start(start)
        span = SourceSpan(self._file, mark.line + 1, mark.column + 1, end_line, end_column)
        if isinstance(event, SequenceEndEvent):
            return SequenceNode(tuple(children), span)
        return MappingNode(self._entries(children), span)

    def _entries(self, children: list[Node]) -> tuple[tuple[ScalarNode, Node], ...]:
        entries: list[tuple[ScalarNode, Node]] = []
        first_by_text: dict[str, ScalarNode] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                self._sink.error(
                    Code.YAML_FEATURE, "a key must be a word, not a list or a mapping", key.span
                )
                continue
            if key.text == "<<" and key.style is ScalarStyle.PLAIN:
                self._sink.error(
                    Code.YAML_FEATURE,
                    "merge keys (`<<`) are not used in policy files",
                    key.span,
                    help="write the keys again, or share them by a Library or `$ref`",
                )
            first = first_by_text.setdefault(key.text, key)
            if first is not key:
                self._sink.error(
                    Code.DUPLICATE_KEY,
                    f"`{key.text}` is written twice in one mapping",
                    key.span,
                    help="keep one of them: readers would differ about which counts",
                    notes=(Note("first written", first.span),),
                )
            entries.append((key, value))
            if self._sink.error_count >= self._stop_at:
                break
        return tuple(entries)

    # --- refusals -------------------------------------------------------------------------------

    def _refuse_properties(
        self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent
    ) -> None:
        if event.anchor is not None:
            self._sink.error(
                Code.YAML_FEATURE,
                f"anchors are not used in policy files, found `&{event.anchor}`",
                self._span(event),
                help="put a text that begins with `&` in double quotes",
            )
        if event.tag is not None:
            self._sink.error(
                Code.YAML_FEATURE,
                f"tags are not used in policy files, found `{_tag_as_written(event.tag)}`",
                self._span(event),
                help="put a text that begins with `!` in double quotes",
            )

    def _refuse_depth(self, event: Event) -> bool:
        message = f"nested more than {MAX_DEPTH} levels deep"
        self._sink.error(
            Code.TOO_DEEP,
            message,
            self._span(event),
            help="name the inner conditions, or put inner policies into files of their own",
        )
        return False

    def _refuse_document(self, event: Event) -> None:
        self._sink.error(
            Code.SEVERAL_DOCUMENTS,
            "a second document begins here",
            self._span(event),
            help="write one document a file",
        )

    def _span(self, event: Event) -> SourceSpan:
        start, end = _start(event), _end(event)
        line, column = start.line + 1, start.column + 1
        return SourceSpan(self._file, line, column, end.line + 1, end.column + 1)


def _tag_as_written(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!", 1)


def _start(event: Event) -> Mark:
    # Events that a parser made have marks; only hand-made ones lack them.
    return cast("Mark", event.start_mark)


def _end(event: Event) -> Mark:
    return cast("Mark", event.end_mark)


def _indent_of(texts: list[str], written: list[str]) -> int:
    """How far a block scalar is indented, seen from its first line that is not empty."""
    for content, source in zip(texts, written, strict=False):
        if content:
            return max(0, len(source) - len(content))
    return 0
