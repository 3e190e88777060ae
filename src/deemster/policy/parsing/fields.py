"""Reads the fields of one mapping by its shape, and reports what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.parsing import forms
from deemster.policy.parsing.ids import checked_id
from deemster.policy.parsing.scalars import (
    describe,
    duration_milliseconds,
    flag_of,
    integer_of,
    listed,
    text_of,
)
from deemster.policy.parsing.shapes import Shape
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode
from deemster.policy.tree import Text

__all__ = ["Fields", "Shape", "chosen"]

T = TypeVar("T")

_FEW = 12
"""Words that a help line lists beside a guess."""


class Fields:
    """The fields of one mapping. A getter returns None where the key is absent or was refused."""

    __slots__ = ("_by_key", "node", "shape", "sink")

    def __init__(self, node: MappingNode, shape: Shape, sink: DiagnosticSink) -> None:
        self.node = node
        self.shape = shape
        self.sink = sink
        self._by_key = {entry[0].text: entry for entry in node.entries}
        names = shape.names
        if not self._by_key.keys() <= names:
            for key, _ in node.entries:
                if key.text not in names:
                    self._refuse_key(key)
        if not shape.required.keys() <= self._by_key.keys():
            for needed in shape.required:
                if needed not in self._by_key:
                    self._report_missing(needed)

    @classmethod
    def of(cls, node: Node, shape: Shape, sink: DiagnosticSink) -> Fields | None:
        """Fields of a node that should be a mapping; None after an error if it is not."""
        if isinstance(node, MappingNode):
            return cls(node, shape, sink)
        sink.error(
            Code.WRONG_TYPE,
            f"{shape.name} must be a mapping, found {describe(node)}",
            node.span,
            help=f"for example `{shape.example}`" if shape.example else _keys_help(shape),
        )
        return None

    @property
    def keys_are_known(self) -> bool:
        """Whether every key is one that the shape knows."""
        return self._by_key.keys() <= self.shape.names

    @property
    def head_span(self) -> SourceSpan:
        """Where the mapping begins: its first key, which one line can show."""
        return self.node.entries[0][0].span if self.node.entries else self.node.span

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def __len__(self) -> int:
        return len(self._by_key)

    def node_of(self, key: str) -> Node | None:
        """The value as it stands."""
        entry = self._by_key.get(key)
        return entry[1] if entry is not None else None

    def key_span(self, key: str) -> SourceSpan:
        """Where a key stands that is there."""
        return self._by_key[key][0].span

    def text(self, key: str) -> Text | None:
        """A text that is not empty."""
        node = self.node_of(key)
        return None if node is None else text_of(node, self.sink, f"`{key}`")

    def string(self, key: str) -> str | None:
        """A text without its place."""
        found = self.text(key)
        return None if found is None else found.value

    def id(self, key: str) -> Text | None:
        """An id: lower-case letters, digits, hyphens."""
        found = self.text(key)
        return None if found is None else checked_id(found, self.sink)

    def flag(self, key: str, *, default: bool) -> bool:
        """`true` or `false`."""
        node = self.node_of(key)
        found = None if node is None else flag_of(node, self.sink, f"`{key}`")
        return default if found is None else found

    def integer(self, key: str) -> int | None:
        """A JSON integer within the bounds of the key's form."""
        node = self.node_of(key)
        if node is None:
            return None
        known = self.shape.key(key)
        form = known.form if known is not None else None
        bounds = form if isinstance(form, forms.Integer) else forms.Integer()
        return integer_of(
            node, self.sink, f"`{key}`", minimum=bounds.minimum, maximum=bounds.maximum
        )

    def milliseconds(self, key: str) -> int | None:
        """A duration."""
        node = self.node_of(key)
        return None if node is None else duration_milliseconds(node, self.sink, f"`{key}`")

    def choice(self, key: str, choice: forms.Choice[T] | Mapping[str, T]) -> T | None:
        """What the written word stands for."""
        found = self.text(key)
        return None if found is None else chosen(found, key, choice, self.sink)

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of a list that is not empty; nothing where it is absent or was refused."""
        node = self.node_of(key)
        if node is None:
            return ()
        if not isinstance(node, SequenceNode):
            self.sink.error(
                Code.WRONG_TYPE,
                f"`{key}` must be a list, found {describe(node)}",
                node.span,
                help=_list_help(key, node),
            )
            return ()
        if not node.items:
            self.sink.error(
                Code.EMPTY_LIST,
                f"`{key}` is empty",
                node.span,
                help=f"write at least one item, or remove `{key}`",
            )
        return node.items

    def texts(
        self, key: str, check: Callable[[Text, DiagnosticSink], Text | None] | None = None
    ) -> tuple[Text, ...]:
        """A list of different texts that is not empty. `check` looks at each."""
        found: dict[str, Text] = {}
        for item in self.items(key):
            text = text_of(item, self.sink, f"an item of `{key}`")
            if text is None or (check is not None and check(text, self.sink) is None):
                continue
            first = found.setdefault(text.value, text)
            if first is not text:
                self.sink.error(
                    Code.DUPLICATE_ITEM,
                    f"`{text.value}` is in `{key}` twice",
                    text.span,
                    help="remove one of them",
                    notes=(Note("first written", first.span),),
                )
        return tuple(found.values())

    def entries(self, key: str) -> tuple[tuple[ScalarNode, Node], ...]:
        """The entries of a mapping whose keys the author chose."""
        node = self.node_of(key)
        if node is None:
            return ()
        if isinstance(node, MappingNode):
            return node.entries
        self.sink.error(
            Code.WRONG_TYPE, f"`{key}` must be a mapping, found {describe(node)}", node.span
        )
        return ()

    def _refuse_key(self, key: ScalarNode) -> None:
        shape, name = self.shape, key.text
        if name in shape.later:
            self.sink.error(
                Code.UNSUPPORTED_YET,
                f"`{name}` is not supported yet: {shape.later[name]}",
                key.span,
                help="this version refuses what it cannot enforce; remove it",
            )
            return
        shown = name if len(name) <= 60 else name[:60] + "…"
        self.sink.error(
            shape.unknown,
            f"`{shown}` is not a {shape.noun} of {shape.name}",
            key.span,
            help=shape.elsewhere.get(name) or self._help_for(name),
        )

    def _help_for(self, name: str) -> str | None:
        known = sorted(self.shape.names)
        if not known:
            return None
        guess = did_you_mean(name, known)
        all_of_them = f"known {self.shape.noun}s: {listed(known, 'and')}"
        return f"{guess} {all_of_them}" if guess else all_of_them

    def _report_missing(self, key: str) -> None:
        self.sink.error(
            Code.MISSING_KEY,
            f"{self.shape.name} needs `{key}`",
            self.head_span,
            help=self.shape.required[key],
        )


def chosen(
    found: Text, key: str, choice: forms.Choice[T] | Mapping[str, T], sink: DiagnosticSink
) -> T | None:
    """What a word stands for; None after an error. `key` is how the message calls the field."""
    form = choice if isinstance(choice, forms.Choice) else forms.Choice(choice)
    options = form.options
    if found.value in options:
        return options[found.value]
    meant = form.synonyms.get(found.value)
    # The nearest number is not what somebody meant.
    near = None if found.value.isdigit() else did_you_mean(found.value, options)
    guess = f"did you mean `{meant}`?" if meant else near
    known = f"expected {listed(options)}"
    if guess is not None:
        # A long list would hide the guess.
        known = f"{guess} {known}" if len(options) <= _FEW else guess
    sink.error(Code.BAD_VALUE, f"`{found.value}` is not a value of `{key}`", found.span, help=known)
    return None


def _keys_help(shape: Shape) -> str | None:
    return f"its keys: {listed(sorted(shape.names), 'and')}" if shape.names else None


def _list_help(key: str, node: Node) -> str | None:
    if isinstance(node, ScalarNode) and 0 < len(node.text) < 60:
        return f"write `{key}: [{node.text}]`"
    return None
