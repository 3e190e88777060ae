"""Positioned nodes ► an outline that can hold comments, with the form of every value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from deemster.policy.parsing import forms
from deemster.policy.parsing.conditions import CONDITION
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policy.parsing.shapes import Shape
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode
from deemster.policytools.walking import resolved

__all__ = ["Collection", "Entry", "is_bracket", "outline_of"]

FormOrNot: TypeAlias = "forms.Form | None"


@dataclass(slots=True, eq=False)
class Entry:
    """An entry of a mapping, or an item of a list (`key` is None).

    `before` are lines above it, comments or "" for a blank one; `trailing` are comments at the
    end of its line. `key_form` and `form` are None where the language does not know the place.
    """

    parent: Collection
    key: ScalarNode | None
    key_form: FormOrNot
    form: FormOrNot
    value: ScalarNode | Collection = field(init=False)
    before: list[str] = field(default_factory=list)
    trailing: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Collection:
    """A mapping or a list in the file's order. `after` are lines below its last entry.

    `column` counts from 0: where its keys or dashes stand, if it is not in brackets.
    """

    node: MappingNode | SequenceNode
    owner: Entry | None
    shape: Shape | None
    in_brackets: bool
    entries: list[Entry] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def column(self) -> int:
        return self.node.span.column - 1

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, MappingNode)

    def enclosing(self) -> Iterator[Collection]:
        """Itself and the collections around it, from the inside out."""
        current: Collection | None = self
        while current is not None:
            yield current
            current = current.owner.parent if current.owner is not None else None

    def in_order(self) -> list[Entry]:
        """Its entries as they are laid out: known keys as the language has them, then others."""
        if self.shape is None:
            return self.entries
        places = {name: place for place, name in enumerate(self.shape.keys)}
        return sorted(
            self.entries,
            key=lambda entry: places.get(entry.key.text if entry.key else "", len(places)),
        )


def outline_of(root: MappingNode | SequenceNode, lines: list[str]) -> Collection:
    """The outline of a document. `lines` are those of the file."""
    return _collection(root, _form_of_document(root), None, lines)


def is_bracket(node: Node, lines: list[str]) -> bool:
    """Whether a collection begins with a bracket."""
    # A key that is not written may stand behind the last line.
    text = "".join(lines[node.span.line - 1 : node.span.line])
    return text[node.span.column - 1 : node.span.column] in {"[", "{"}


def _form_of_document(root: Node) -> FormOrNot:
    kind = root.get("kind") if isinstance(root, MappingNode) else None
    return DOCUMENTS.get(kind.text) if isinstance(kind, ScalarNode) else None


def _collection(
    node: MappingNode | SequenceNode, form: FormOrNot, owner: Entry | None, lines: list[str]
) -> Collection:
    fitting = _fitting(form, node)
    # `[a: 1]` holds a mapping that has no brackets of its own.
    in_brackets = is_bracket(node, lines) or (owner is not None and owner.parent.in_brackets)
    shape = fitting if isinstance(fitting, Shape) else None
    made = Collection(node, owner, shape, in_brackets)
    for key, value in _parts(node):
        entry = Entry(made, key, *_forms_at(fitting, key))
        entry.value = (
            value if isinstance(value, ScalarNode) else _collection(value, entry.form, entry, lines)
        )
        made.entries.append(entry)
    return made


def _parts(node: MappingNode | SequenceNode) -> Iterator[tuple[ScalarNode | None, Node]]:
    if isinstance(node, MappingNode):
        yield from node.entries
    else:
        yield from ((None, item) for item in node.items)


def _forms_at(form: FormOrNot, key: ScalarNode | None) -> tuple[FormOrNot, FormOrNot]:
    """The forms of a key and of its value, or of an item."""
    match form:
        case Shape() if key is not None:
            known = form.key(key.text)
            return forms.Name(), None if known is None else known.form
        case forms.MapOf(value=value, key=names) if key is not None:
            return names, value
        case forms.ListOf(item=item) if key is None:
            return None, item
        case _:
            return None, None


def _fitting(form: FormOrNot, node: MappingNode | SequenceNode) -> FormOrNot:
    """Of several forms, the one that a collection has."""
    if form is None:
        return None
    found = resolved(form)
    if isinstance(found, forms.Condition):
        found = CONDITION
    if isinstance(found, forms.OneOf):
        return _fitting_one(found, node)
    wanted = Shape | forms.MapOf if isinstance(node, MappingNode) else forms.ListOf
    return found if isinstance(found, wanted) else None


def _fitting_one(alternatives: forms.OneOf, node: MappingNode | SequenceNode) -> FormOrNot:
    fitting = [found for form in alternatives.forms if (found := _fitting(form, node)) is not None]
    shapes = [found for found in fitting if isinstance(found, Shape)]
    if not isinstance(node, MappingNode) or not shapes:
        return fitting[0] if fitting else None
    names = {key.text for key, _ in node.entries}
    # The shape that knows most of the keys; of equal ones the one with the fewest others.
    return max(shapes, key=lambda shape: (len(names & shape.names), -len(shape.names)))
