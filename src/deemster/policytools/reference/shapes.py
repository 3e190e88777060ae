"""Chapters about documents: every shape with its keys, each told once and linked elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deemster.policy.parsing import forms
from deemster.policy.parsing.scalars import INT_MAX, INT_MIN, listed
from deemster.policy.parsing.shapes import Key, Shape
from deemster.policytools.reference.markdown import anchor, code, link, table
from deemster.policytools.walking import resolved, shapes_below

__all__ = ["CONDITIONS", "Chapter", "ShapePages"]

CONDITIONS = "Conditions"
"""Heading of the chapter that conditions link to."""

_FEW = 8
"""Words of a choice that a table lists; longer lists are told elsewhere."""

_TOLD = 4
"""Words of which a table tells what they mean, too."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading, some words, and the shapes that are told there with what is below them."""

    heading: str
    words: str
    roots: tuple[Shape, ...]
    is_root_told: bool = False
    """Whether the words are about the one root, which then needs no heading of its own."""


class ShapePages:
    """Knows where each shape is told."""

    def __init__(self, chapters: tuple[Chapter, ...], owners: tuple[Chapter, ...]) -> None:
        """`owners` are the chapters in the order in which they take shapes that several have."""
        self._chapters = chapters
        self._headings: dict[int, str] = {}
        self._told: dict[str, list[Shape]] = {chapter.heading: [] for chapter in chapters}
        for chapter in owners:
            for root in chapter.roots:
                for shape in shapes_below(root):
                    if id(shape) not in self._headings:
                        self._headings[id(shape)] = self._free_heading(shape, chapter)
                        self._told[chapter.heading].append(shape)

    def lines(self) -> Iterator[str]:
        """All chapters."""
        for chapter in self._chapters:
            yield from (f"## {chapter.heading}", "", chapter.words, "")
            for shape in self._told[chapter.heading]:
                yield from self._shape(shape)

    def _free_heading(self, shape: Shape, chapter: Chapter) -> str:
        if shape in chapter.roots and chapter.is_root_told:
            return chapter.heading
        plain = _plain(shape.name)
        heading = plain[0].upper() + plain[1:]
        taken = {anchor(found) for found in self._headings.values()}
        taken |= {anchor(found.heading) for found in self._chapters}
        return f"{heading} of {chapter.heading}" if anchor(heading) in taken else heading

    def _shape(self, shape: Shape) -> Iterator[str]:
        heading = self._headings[id(shape)]
        if heading not in self._told:
            yield from (f"### {heading}", "", shape.doc, "")
        twin = self._told_before(shape)
        if twin is not None:
            yield from (f"Its keys are those of the {self.value(twin)}.", "")
            return
        rows = [
            (
                f"**{code(name)}**" if name in shape.required else code(name),
                "" if key is None else self.value(key.form),
                "" if key is None else _meaning(key),
            )
            for name, key in ((name, shape.key(name)) for name in shape.keys)
        ]
        yield from table(("key", "value", ""), rows)
        yield ""
        if shape.variants:
            yield from self._variants(shape)
        rules = list(_rules(shape))
        if rules:
            yield from (" ".join(rules), "")

    def _variants(self, shape: Shape) -> Iterator[str]:
        """What the words of one key mean for another key."""
        first = shape.variants[0]
        known = shape.key(first.key)
        docs = {} if known is None else _choice_in(known.form).docs
        yield from table(
            (first.key, "", first.dependent),
            (
                (
                    ", ".join(code(word) for word in variant.words),
                    docs.get(variant.words[0], ""),
                    self.value(variant.form),
                )
                for variant in shape.variants
            ),
        )
        yield ""

    def _told_before(self, shape: Shape) -> Shape | None:
        """A shape further up with the very same keys."""
        told = [found for chapter in self._chapters for found in self._told[chapter.heading]]
        for found in told:
            if found is shape:
                return None
            if _keys_of(found) == _keys_of(shape) and found.required == shape.required:
                return found
        return None

    def value(self, form: forms.Form) -> str:
        """What may stand there, in a few words."""
        match resolved(form):
            case Shape() as shape:
                return link(_plain(shape.name), self._headings[id(shape)])
            case forms.ListOf(item=item, at_most=at_most):
                most = "" if at_most is None else f" ({at_most:,} at most)"
                return f"list of {self.value(item)}{most}"
            case forms.MapOf(value=value, key=key):
                return f"mapping of {self.value(key)} to {self.value(value)}"
            case forms.Condition():
                return link("condition", CONDITIONS)
            case forms.OneOf(forms=alternatives):
                return ", or ".join(dict.fromkeys(self.value(form) for form in alternatives))
            case other:
                return _scalar(other)


def _keys_of(shape: Shape) -> dict[str, Key | None]:
    return {name: shape.key(name) for name in shape.keys}


def _scalar(form: forms.Form) -> str:
    match form:
        case forms.Text(what=what) | forms.Json(what=what):
            return what
        case forms.Choice(options=options) if len(options) <= _FEW:
            return listed(options)
        case forms.Choice():
            return "a word"
        case forms.Integer():
            return _integer(form)
        case forms.Flag():
            return "`true` or `false`"
        case _:
            return _NAMED.get(type(form), "text")


_NAMED = {
    forms.String: "text",
    forms.Id: "id",
    forms.Name: "name",
    forms.Duration: "duration",
    forms.Instant: "time",
}


def _integer(form: forms.Integer) -> str:
    if (form.minimum, form.maximum) == (INT_MIN, INT_MAX):
        return "integer"
    if form.maximum == INT_MAX:
        return f"integer, at least {form.minimum:,}"
    return f"integer, {form.minimum:,} to {form.maximum:,}"


def _plain(name: str) -> str:
    return re.sub(r"^(a|an|the) ", "", name)


def _meaning(key: Key) -> str:
    """The sentence, what words mean, the default, and an example."""
    told = [key.doc]
    form = _choice_in(key.form)
    if form.docs and len(form.options) <= _TOLD:
        words = "; ".join(f"{code(word)}: {doc}" for word, doc in form.docs.items())
        told.append(f"{words}.")
    if key.default is not None:
        is_word = key.default in form.options or key.default in {"true", "false"}
        told.append(f"Default: {code(key.default) if is_word else key.default}.")
    if key.example is not None and key.example not in form.options:
        told.append(f"Example: {code(key.example)}")
    return " ".join(told)


def _choice_in(form: forms.Form) -> forms.Choice[object]:
    """The words that a form has; none if it has no words."""
    found = resolved(form)
    alternatives = found.forms if isinstance(found, forms.OneOf) else (found,)
    return next((one for one in alternatives if isinstance(one, forms.Choice)), forms.Choice({}))


def _rules(shape: Shape) -> Iterator[str]:
    for group in shape.exactly_one:
        yield f"Exactly one of {listed(group, 'and')} is written."
    for group in shape.at_least_one:
        yield f"At least one of {listed(group, 'and')} is written."
    for group in shape.at_most_one:
        yield f"At most one of {listed(group, 'and')} is written."
